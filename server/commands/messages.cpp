// SPDX-License-Identifier: Apache-2.0
#include "server/commands/messages.h"

#include <utf8proc.h>

#include <cstdio>
#include <iostream>

#include "shared/text/utf8.h"

namespace easel::commands {

namespace {

bool canBeShown(char32_t character) {
    switch (utf8proc_category(static_cast<utf8proc_int32_t>(character))) {
        case UTF8PROC_CATEGORY_CC:
        case UTF8PROC_CATEGORY_CF:
        case UTF8PROC_CATEGORY_ZL:
        case UTF8PROC_CATEGORY_ZP:
            return false;
        default:
            return true;
    }
}

std::string escaped(char32_t character) {
    char text[12];
    const char* format = character < 0x80 ? "\\x%02x" : character < 0x10000 ? "\\u%04x" : "\\U%08x";
    std::snprintf(text, sizeof text, format, static_cast<unsigned>(character));
    return text;
}

}  // namespace

std::string printable(std::string_view text) {
    std::string shown;
    shown.reserve(text.size());
    while (!text.empty()) {
        const text::Character character = text::firstOf(text);
        if (!character.valid) {
            char byte[5];
            std::snprintf(byte, sizeof byte, "\\x%02x", static_cast<unsigned char>(text.front()));
            shown += byte;
        } else if (canBeShown(character.code)) {
            shown += text.substr(0, character.bytes);
        } else {
            shown += escaped(character.code);
        }
        text.remove_prefix(character.bytes);
    }
    return shown;
}

int fail(int status, std::string_view text) {
    std::cerr << "easel-server: " << printable(text) << '\n';
    return status;
}

}  // namespace easel::commands
