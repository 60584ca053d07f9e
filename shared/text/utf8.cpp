// SPDX-License-Identifier: Apache-2.0
#include "shared/text/utf8.h"

#include <utf8proc.h>

namespace easel::text {

namespace {

constexpr char32_t kReplacement = 0xFFFD;

}  // namespace

Character firstOf(std::string_view text) {
    utf8proc_int32_t code = 0;
    const auto bytes = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                        static_cast<utf8proc_ssize_t>(text.size()), &code);
    return bytes < 1 ? Character{kReplacement, 1, false}
                     : Character{static_cast<char32_t>(code), static_cast<std::size_t>(bytes), true};
}

bool isUtf8(std::string_view text) {
    while (!text.empty()) {
        const Character character = firstOf(text);
        if (!character.valid) {
            return false;
        }
        text.remove_prefix(character.bytes);
    }
    return true;
}

std::string toValidUtf8(std::string_view text) {
    std::string valid;
    valid.reserve(text.size());
    while (!text.empty()) {
        const Character character = firstOf(text);
        append(valid, character.code);
        text.remove_prefix(character.bytes);
    }
    return valid;
}

void append(std::string& text, char32_t code) {
    utf8proc_uint8_t bytes[4];
    const auto count = utf8proc_encode_char(static_cast<utf8proc_int32_t>(code), bytes);
    text.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(count));
}

}  // namespace easel::text
