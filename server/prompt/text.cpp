// SPDX-License-Identifier: Apache-2.0
#include "server/prompt/text.h"

#include <algorithm>
#include <numeric>

#include "server/prompt/unicode.h"
#include "shared/text/utf8.h"

namespace easel::prompt {

namespace {

constexpr std::string_view kSpaces = " \t\r\n\v\f";

/// The character that ends at byte `end` of `text`, which is not empty there.
char32_t lastBefore(std::string_view text, std::size_t end) {
    std::size_t begin = end - 1;
    while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) {
        --begin;
    }
    return text::firstOf(text.substr(begin)).code;
}

}  // namespace

Text::Text(std::string_view prompt) : bytes(prompt), from(prompt.size()) {
    std::iota(from.begin(), from.end(), 0);
}

Text Text::part(std::size_t begin, std::size_t end) const {
    Text part;
    part.append(*this, begin, end);
    return part;
}

void Text::append(const Text& other, std::size_t begin, std::size_t end) {
    bytes.append(other.bytes, begin, end - begin);
    from.insert(from.end(), other.from.begin() + static_cast<std::ptrdiff_t>(begin),
                other.from.begin() + static_cast<std::ptrdiff_t>(end));
}

bool isWordAt(std::string_view text, std::size_t at, std::string_view word) {
    const std::size_t end = at + word.size();
    return text.substr(at).starts_with(word) && (at == 0 || !isOfWord(lastBefore(text, at))) &&
           (end == text.size() || !isOfWord(text::firstOf(text.substr(end)).code));
}

std::string_view trimmed(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of(kSpaces), text.size()));
    return text.substr(0, text.find_last_not_of(kSpaces) + 1);
}

}  // namespace easel::prompt
