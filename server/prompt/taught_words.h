// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "server/prompt/script.h"
#include "server/prompt/tokenizer.h"

namespace easel::prompt {

/// A word that stands for vectors of its own: textual inversion. https://arxiv.org/abs/2208.01618
struct TaughtWord {
    std::vector<std::int32_t> ids;  ///< what its name is in the tokens of a prompt
    std::size_t vectors = 1;        ///< tokens that it takes instead
};

/// The word that is called `name`, whatever the case.
TaughtWord taughtWord(const Tokenizer& tokenizer, const std::string& name, std::size_t vectors);

/// Those of `names` that may be words of `script`: no other one is, but a tokenizer may still see otherwise.
std::vector<std::string> mentionedIn(const Script& script, const std::vector<std::string>& names);

}  // namespace easel::prompt
