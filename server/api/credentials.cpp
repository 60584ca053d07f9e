// SPDX-License-Identifier: Apache-2.0
#include "server/api/credentials.h"

#include <algorithm>

#include "shared/text/secrets.h"

namespace easel::api {

namespace {

std::string_view trimmed(std::string_view text) {
    const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
    return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

/// RFC 4648, 4; nothing when it is not that.
std::optional<std::string> fromBase64(std::string_view text) {
    constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    while (text.ends_with('=')) {
        text.remove_suffix(1);
    }
    std::string bytes;
    unsigned waiting = 0;
    unsigned bits = 0;
    for (const char letter : text) {
        const std::size_t value = kLetters.find(letter);
        if (value == std::string_view::npos) {
            return {};
        }
        waiting = (waiting << 6U) | static_cast<unsigned>(value);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes += static_cast<char>((waiting >> bits) & 255U);
        }
    }
    return bytes;
}

}  // namespace

std::optional<std::string> keyShown(const http::Request& request) {
    constexpr std::string_view kBearer = "Bearer ";
    constexpr std::string_view kBasic = "Basic ";
    const auto field = request.headers.find("Authorization");
    if (!field) {
        return {};
    }
    if (request.headers.list("Authorization") != field) {
        return std::string();  // two of them; whose is it?
    }
    if (http::startsWithIgnoringCase(*field, kBearer)) {
        return std::string(trimmed(field->substr(kBearer.size())));
    }
    if (http::startsWithIgnoringCase(*field, kBasic)) {
        const auto pair = fromBase64(trimmed(field->substr(kBasic.size())));
        const std::size_t colon = pair ? pair->find(':') : std::string::npos;
        return colon == std::string::npos ? std::string() : pair->substr(colon + 1);
    }
    return std::string();
}

std::vector<std::string> cookies(const http::Request& request, std::string_view name) {
    std::vector<std::string> values;
    for (const auto& [field, text] : request.headers) {
        if (!http::equalsIgnoringCase(field, "Cookie")) {
            continue;
        }
        for (std::string_view rest = text; !rest.empty();) {
            const std::size_t end = std::min(rest.find(';'), rest.size());
            const std::string_view pair = trimmed(rest.substr(0, end));
            const std::size_t equals = pair.find('=');
            if (equals != std::string_view::npos && pair.substr(0, equals) == name) {
                values.emplace_back(pair.substr(equals + 1));
            }
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
    }
    return values;
}

bool hasKeyInAddress(const http::Request& request) {
    return text::holdsSecret(request.path) || std::ranges::any_of(request.query, [](const auto& field) {
               return text::holdsSecret(field.first) || text::holdsSecret(field.second);
           });
}

}  // namespace easel::api
