// SPDX-License-Identifier: Apache-2.0
#include "shared/text/secrets.h"

#include <algorithm>
#include <cstddef>

namespace easel::text {

namespace {

constexpr std::size_t kLength = 43;  ///< without the prefix

struct Shape {
    std::string_view prefix;
    std::string_view letters;
    std::size_t least;  ///< letters after the prefix; with fewer it is something else
};

constexpr Shape kWhole{kSecretPrefix, kSecretLetters, kLength};

constexpr Shape kHidden[] = {
    // Who copies a key may lose its end, and what is left is nobody else's either. The app takes 16 for a
    // key.
    {kSecretPrefix, kSecretLetters, 16}, {"hf_", kSecretLetters.substr(0, 62), 20},
    {"ticket=", kSecretLetters, 8},      {"ticket%3D", kSecretLetters, 8},
    {"ticket%3d", kSecretLetters, 8},    {"ticket\":\"", kSecretLetters, 8},
    {"ticket\": \"", kSecretLetters, 8},
};

struct Found {
    std::size_t begin = std::string_view::npos;
    std::size_t end = std::string_view::npos;
};

/// The next of this shape in `text`, with the letters that follow it: among them it may begin anew.
Found find(const Shape& shape, std::string_view text, std::size_t from) {
    for (std::size_t at = text.find(shape.prefix, from); at != std::string_view::npos;
         at = text.find(shape.prefix, at + 1)) {
        const std::size_t begin = at + shape.prefix.size();
        const std::size_t end = std::min(text.find_first_not_of(shape.letters, begin), text.size());
        if (end - begin >= shape.least) {
            return {at, end};
        }
    }
    return {};
}

std::string without(const Shape& shape, std::string_view text) {
    std::string safe;
    std::size_t from = 0;
    for (Found found = find(shape, text, 0); found.begin != std::string_view::npos;
         found = find(shape, text, from)) {
        safe.append(text.substr(from, found.begin - from)).append(shape.prefix).append("***");
        from = found.end;
    }
    return safe.append(text.substr(from));
}

}  // namespace

bool hasSecretsShape(std::string_view text) {
    return text.starts_with(kSecretPrefix) && text.size() == kSecretPrefix.size() + kLength &&
           text.find_first_not_of(kSecretLetters, kSecretPrefix.size()) == std::string_view::npos;
}

bool holdsSecret(std::string_view text) {
    return find(kWhole, text, 0).begin != std::string_view::npos;
}

std::string withoutSecrets(std::string_view text) {
    std::string safe(text);
    for (const Shape& shape : kHidden) {
        safe = without(shape, safe);
    }
    return safe;
}

}  // namespace easel::text
