// SPDX-License-Identifier: Apache-2.0
#include "server/commands/messages.h"

#include <cstdio>
#include <iostream>

#include "shared/text/printable.h"
#include "shared/text/utf8.h"

namespace easel::commands {

namespace {

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
        } else if (text::isPrintable(character.code)) {
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
