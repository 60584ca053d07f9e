// SPDX-License-Identifier: Apache-2.0
#include "shared/text/base64.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace easel::text {

namespace {

constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kNoLetter = 255;

constexpr std::array<std::uint8_t, 256> kValues = [] {
    std::array<std::uint8_t, 256> values{};
    values.fill(kNoLetter);
    for (std::size_t i = 0; i < kLetters.size(); ++i) {
        values[static_cast<std::uint8_t>(kLetters[i])] = static_cast<std::uint8_t>(i);
    }
    return values;
}();

bool isSpace(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

}  // namespace

std::optional<std::string> fromBase64(std::string_view text) {
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3);
    std::uint32_t waiting = 0;
    unsigned bits = 0;
    std::size_t letters = 0;
    std::size_t padding = 0;
    for (const char c : text) {
        const std::uint8_t value = kValues[static_cast<std::uint8_t>(c)];
        if (isSpace(c)) {
            continue;
        }
        if (c == '=') {
            ++padding;
            continue;
        }
        if (value == kNoLetter || padding > 0) {
            return {};
        }
        ++letters;
        waiting = waiting << 6 | value;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes += static_cast<char>(waiting >> bits & 0xFF);
        }
    }
    const std::size_t rest = letters % 4;
    const bool isWhole = rest != 1 && (waiting & ((1U << bits) - 1)) == 0;
    const bool isPadded = padding == 0 || (rest != 0 && padding == 4 - rest);
    return isWhole && isPadded ? std::optional(bytes) : std::nullopt;
}

std::string toBase64(std::string_view bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::string_view group = bytes.substr(i, 3);
        std::uint32_t bits = 0;
        for (std::size_t k = 0; k < 3; ++k) {
            bits = bits << 8 | (k < group.size() ? static_cast<std::uint8_t>(group[k]) : 0U);
        }
        for (std::size_t k = 0; k < 4; ++k) {
            text += k <= group.size() ? kLetters[bits >> (18 - 6 * k) & 63U] : '=';
        }
    }
    return text;
}

}  // namespace easel::text
