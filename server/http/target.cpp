// SPDX-License-Identifier: Apache-2.0
#include "server/http/target.h"

#include <algorithm>
#include <cstdint>

#include <fmt/core.h>

#include "server/http/headers.h"
#include "shared/text/utf8.h"

namespace easel::http {

namespace {

using Error = tl::unexpected<std::string>;

int hexDigit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

tl::expected<std::string, std::string> decode(std::string_view text, bool plusIsSpace) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '%') {
            const int high = i + 2 < text.size() ? hexDigit(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? hexDigit(text[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return Error("A % in the address is not followed by two hexadecimal digits.");
            }
            c = static_cast<char>(high * 16 + low);
            i += 2;
        } else if (c == '+' && plusIsSpace) {
            c = ' ';
        }
        if (c == '\0') {
            return Error("The address holds a NUL character, which no text may hold.");
        }
        decoded.push_back(c);
    }
    if (!text::isUtf8(decoded)) {
        return Error("The address is not valid UTF-8.");
    }
    return decoded;
}

tl::expected<std::string, std::string> decodePath(std::string_view path) {
    std::string decodedPath;
    for (std::size_t start = 1; start <= path.size();) {
        const std::size_t end = std::min(path.find('/', start), path.size());
        auto segment = decode(path.substr(start, end - start), false);
        if (!segment) {
            return segment;
        }
        if (*segment == "." || *segment == "..") {
            return Error("The address holds a . or .. segment.");
        }
        if (std::ranges::any_of(*segment,
                                [](unsigned char c) { return c < 0x20 || c == 0x7f || c == '/'; })) {
            return Error("The address holds an encoded slash or a control character.");
        }
        decodedPath += '/';
        decodedPath += *segment;
        start = end + 1;
    }
    return decodedPath;
}

}  // namespace

std::optional<std::string_view> Query::find(std::string_view name) const {
    const auto found =
        std::ranges::find(m_fields, name, [](const auto& field) { return std::string_view(field.first); });
    return found == m_fields.end() ? std::optional<std::string_view>() : found->second;
}

tl::expected<Query, std::string> parseQuery(std::string_view text) {
    Query query;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('&'), text.size());
        const std::string_view field = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (field.empty()) {
            continue;
        }
        const std::size_t equals = std::min(field.find('='), field.size());
        auto name = decode(field.substr(0, equals), true);
        if (!name) {
            return Error(name.error());
        }
        auto value = decode(field.substr(std::min(equals + 1, field.size())), true);
        if (!value) {
            return Error(fmt::format("The field \"{}\" cannot be read. {}", *name, value.error()));
        }
        query.add(std::move(*name), std::move(*value));
    }
    return query;
}

tl::expected<Target, std::string> parseTarget(std::string_view target) {
    Target parts;
    constexpr std::string_view kScheme = "http://";
    if (target == "*") {
        parts.path = target;
        return parts;
    }
    if (startsWithIgnoringCase(target, kScheme)) {
        target.remove_prefix(kScheme.size());
        const std::size_t end = std::min(target.find_first_of("/?"), target.size());
        parts.authority = target.substr(0, end);
        target.remove_prefix(end);
        if (parts.authority.empty()) {
            return Error("The address names no host.");
        }
    }
    const std::size_t question = std::min(target.find('?'), target.size());
    const std::string_view path = target.substr(0, question);
    if (target.find('#') != std::string_view::npos || (!path.starts_with('/') && parts.authority.empty())) {
        return Error("The address of a request must begin with a slash and hold no fragment.");
    }
    auto decodedPath = decodePath(path.empty() ? "/" : path);
    if (!decodedPath) {
        return Error(decodedPath.error());
    }
    parts.path = std::move(*decodedPath);
    auto query = parseQuery(target.substr(std::min(question + 1, target.size())));
    if (!query) {
        return Error(query.error());
    }
    parts.query = std::move(*query);
    return parts;
}

std::string percentEncode(std::string_view text) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    constexpr std::string_view kUnreserved =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    std::string encoded;
    for (const char c : text) {
        if (kUnreserved.find(c) != std::string_view::npos) {
            encoded += c;
        } else {
            encoded += '%';
            encoded += kHex[static_cast<std::uint8_t>(c) >> 4];
            encoded += kHex[static_cast<std::uint8_t>(c) & 15];
        }
    }
    return encoded;
}

}  // namespace easel::http
