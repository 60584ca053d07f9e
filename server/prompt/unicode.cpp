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

/// Appends NFC of `text`, which begins and ends where characters as people see them do.
void compose(std::string_view text, std::string& into) {
    if (text.size() == 1) {  // ASCII
        into += text;
        return;
    }
    utf8proc_uint8_t* result = nullptr;
    const auto size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                   static_cast<utf8proc_ssize_t>(text.size()), &result,
                                   static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
    const std::unique_ptr<utf8proc_uint8_t, Free> owner(result);
    if (size < 0) {
        throw std::bad_alloc();  // The only failure that valid UTF-8 leaves.
    }
    into.append(reinterpret_cast<const char*>(result), static_cast<std::size_t>(size));
}

/// Bytes of the grapheme that `text` begins with. Nothing composes across its ends.
std::size_t graphemeSize(std::string_view text) {
    text::Character last = text::firstOf(text);
    std::size_t size = last.bytes;
    utf8proc_int32_t state = 0;
    while (size < text.size()) {
        const text::Character next = text::firstOf(text.substr(size));
        if (utf8proc_grapheme_break_stateful(static_cast<utf8proc_int32_t>(last.code),
                                             static_cast<utf8proc_int32_t>(next.code), &state)) {
            break;
        }
        size += next.bytes;
        last = next;
    }
    return size;
}

}  // namespace

Normalized normalized(std::string_view text) {
    Normalized normal;
    normal.text.reserve(text.size());
    normal.from.reserve(text.size() + 1);
    bool afterSpace = false;
    std::string composed;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t size = graphemeSize(text.substr(at));
        composed.clear();
        compose(text.substr(at, size), composed);
        for (std::string_view rest = composed; !rest.empty();) {
            const text::Character character = text::firstOf(rest);
            rest.remove_prefix(character.bytes);
            const bool space = classOf(character.code) == CharacterClass::Space;
            if (!space) {
                text::append(
                    normal.text,
                    static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(character.code))));
                if (character.code == kCapitalIWithDot) {
                    text::append(normal.text, 0x307);  // The one whose lower case is two: i and a dot above.
                }
            } else if (!afterSpace) {
                normal.text += ' ';
            }
            afterSpace = space;
        }
        normal.from.resize(normal.text.size(), static_cast<std::uint32_t>(at));
        at += size;
    }
    normal.from.push_back(static_cast<std::uint32_t>(text.size()));
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

bool isOfWord(char32_t character) {
    const CharacterClass kind = classOf(character);
    return kind == CharacterClass::Letter || kind == CharacterClass::Number || character == '_';
}

}  // namespace easel::prompt
