// SPDX-License-Identifier: Apache-2.0
#include "server/prompt/unicode.h"

#include <utf8proc.h>

#include <cstdlib>
#include <memory>
#include <new>

#include "shared/text/utf8.h"

namespace easel::prompt {

namespace {

constexpr char32_t kCapitalIWithDot = 0x130;

struct Free {
    void operator()(utf8proc_uint8_t* memory) const { std::free(memory); }
};

std::string composed(std::string_view text) {
    utf8proc_uint8_t* result = nullptr;
    const auto size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                   static_cast<utf8proc_ssize_t>(text.size()), &result,
                                   static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
    const std::unique_ptr<utf8proc_uint8_t, Free> owner(result);
    if (size < 0) {
        throw std::bad_alloc();  // The only failure that valid UTF-8 leaves.
    }
    return {reinterpret_cast<const char*>(result), static_cast<std::size_t>(size)};
}

}  // namespace

std::string normalize(std::string_view text) {
    const std::string whole = composed(text);
    std::string normal;
    normal.reserve(whole.size());
    bool afterSpace = false;
    for (std::string_view rest = whole; !rest.empty();) {
        const text::Character character = text::firstOf(rest);
        rest.remove_prefix(character.bytes);
        const bool space = classOf(character.code) == CharacterClass::Space;
        if (!space) {
            text::append(normal, static_cast<char32_t>(
                                     utf8proc_tolower(static_cast<utf8proc_int32_t>(character.code))));
            if (character.code == kCapitalIWithDot) {
                text::append(normal, 0x307);  // The one character whose lower case is two: i and a dot above.
            }
        } else if (!afterSpace) {
            normal += ' ';
        }
        afterSpace = space;
    }
    return normal;
}

CharacterClass classOf(char32_t character) {
    switch (character) {  // Unicode's White_Space, of which categories know only a part
        case '\t':
        case '\n':
        case '\v':
        case '\f':
        case '\r':
        case 0x85:
            return CharacterClass::Space;
        default:
            break;
    }
    switch (utf8proc_category(static_cast<utf8proc_int32_t>(character))) {
        case UTF8PROC_CATEGORY_LU:
        case UTF8PROC_CATEGORY_LL:
        case UTF8PROC_CATEGORY_LT:
        case UTF8PROC_CATEGORY_LM:
        case UTF8PROC_CATEGORY_LO:
            return CharacterClass::Letter;
        case UTF8PROC_CATEGORY_ND:
        case UTF8PROC_CATEGORY_NL:
        case UTF8PROC_CATEGORY_NO:
            return CharacterClass::Number;
        case UTF8PROC_CATEGORY_ZS:
        case UTF8PROC_CATEGORY_ZL:
        case UTF8PROC_CATEGORY_ZP:
            return CharacterClass::Space;
        default:
            return CharacterClass::Other;
    }
}

}  // namespace easel::prompt
