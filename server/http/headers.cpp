// SPDX-License-Identifier: Apache-2.0
#include "server/http/headers.h"

#include <algorithm>

namespace easel::http {

namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// A line break in a value would let it write header fields of its own.
std::string withoutControls(std::string value) {
    std::erase_if(value, [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; });
    return value;
}

}  // namespace

bool equalsIgnoringCase(std::string_view left, std::string_view right) {
    return std::ranges::equal(left, right, {}, lower, lower);
}

bool startsWithIgnoringCase(std::string_view text, std::string_view beginning) {
    return equalsIgnoringCase(text.substr(0, beginning.size()), beginning);
}

Headers::Headers(std::initializer_list<std::pair<std::string, std::string>> fields) {
    for (const auto& [name, value] : fields) {
        add(name, value);
    }
}

void Headers::add(std::string name, std::string value) {
    m_fields.emplace_back(std::move(name), withoutControls(std::move(value)));
}

void Headers::set(std::string_view name, std::string value) {
    std::erase_if(m_fields, [&](const auto& field) { return equalsIgnoringCase(field.first, name); });
    add(std::string(name), std::move(value));
}

std::optional<std::string_view> Headers::find(std::string_view name) const {
    for (const auto& [key, value] : m_fields) {
        if (equalsIgnoringCase(key, name)) {
            return value;
        }
    }
    return {};
}

std::optional<std::string> Headers::list(std::string_view name) const {
    std::optional<std::string> all;
    for (const auto& [key, value] : m_fields) {
        if (equalsIgnoringCase(key, name)) {
            all = all ? *all + ", " + value : value;
        }
    }
    return all;
}

}  // namespace easel::http
