// SPDX-License-Identifier: Apache-2.0
#include "shared/text/printable.h"

#include <utf8proc.h>

#include "shared/text/utf8.h"

namespace easel::text {

bool isPrintable(char32_t character) {
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

bool isPrintable(std::string_view text) {
    while (!text.empty()) {
        const Character character = firstOf(text);
        if (!character.valid || !isPrintable(character.code)) {
            return false;
        }
        text.remove_prefix(character.bytes);
    }
    return true;
}

}  // namespace easel::text
