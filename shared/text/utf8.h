// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// UTF-8 as RFC 3629 has it: the shortest form only, no surrogates, nothing beyond U+10FFFF. A NUL is a
/// character like others.
namespace easel::text {

struct Character {
    char32_t code = 0;      ///< U+FFFD where no character begins
    std::size_t bytes = 0;  ///< that it takes; 1 where none begins
    bool valid = false;
};

/// What `text`, which is not empty, begins with.
Character firstOf(std::string_view text);

bool isUtf8(std::string_view text);

/// `text` with every byte that is not part of a character read as U+FFFD.
std::string toValidUtf8(std::string_view text);

/// Adds the character `code`, at most U+10FFFF and no surrogate, to `text`.
void append(std::string& text, char32_t code);

}  // namespace easel::text
