// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace easel::prompt {

/// NFC, then each run of white space as one space, then lower case, character by character: what CLIP's
/// tokenizer does to a prompt before anything else. `text` is valid UTF-8.
std::string normalize(std::string_view text);

enum class CharacterClass { Letter, Number, Space, Other };

CharacterClass classOf(char32_t character);

}  // namespace easel::prompt
