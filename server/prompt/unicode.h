// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace easel::prompt {

/// `text` with every byte that is not UTF-8 read as U+FFFD.
std::string validUtf8(std::string_view text);

/// NFC, then each run of white space as one space, then lower case, character by character: what CLIP's
/// tokenizer does to a prompt before anything else. `text` is valid UTF-8.
std::string normalize(std::string_view text);

enum class CharacterClass { Letter, Number, Space, Other };

CharacterClass classOf(char32_t character);

/// The character that `text`, which is valid UTF-8 and not empty, begins with.
struct Character {
    char32_t code = 0;
    std::size_t bytes = 0;
};
Character firstOf(std::string_view text);

}  // namespace easel::prompt
