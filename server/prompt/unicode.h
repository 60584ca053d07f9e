// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace easel::prompt {

/// NFC, then each run of white space as one space, then lower case, character by character: what CLIP's
/// tokenizer does to a prompt before anything else.
struct Normalized {
    std::string text;
    /// Of each byte of `text`, and of its end, the byte of the original where what it came from begins.
    std::vector<std::uint32_t> from;
};

/// `text` is valid UTF-8.
Normalized normalized(std::string_view text);

enum class CharacterClass { Letter, Number, Space, Other };

CharacterClass classOf(char32_t character);

/// Whether the character belongs to a word, as regular expressions have it.
bool isOfWord(char32_t character);

}  // namespace easel::prompt
