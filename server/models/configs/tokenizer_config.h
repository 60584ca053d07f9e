// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "shared/protocol/problem.h"

namespace easel::models {

/// A token that stands for itself: found in a prompt, it becomes one id.
struct SpecialToken {
    std::string text;
    /// Sought in the prompt after lower-casing and NFC, not as typed.
    bool normalized = false;

    bool operator==(const SpecialToken&) const = default;
};

/// A token that was taught to a vocabulary later, such as "<my-dog>".
struct AddedToken {
    SpecialToken token;
    std::int32_t id = 0;

    bool operator==(const AddedToken&) const = default;
};

/// The small files of a CLIPTokenizer, read as transformers does: a tokenizer_config.json with an
/// added_tokens_decoder says all; without one, special_tokens_map.json has the last word on the four roles,
/// and the added tokens are those of added_tokens.json and tokenizer.json. What they leave out has the value
/// given here.
struct TokenizerConfig {
    SpecialToken bos{"<|startoftext|>"};
    SpecialToken eos{"<|endoftext|>"};
    SpecialToken unknown{"<|endoftext|>"};
    SpecialToken pad{"<|endoftext|>"};
    std::vector<AddedToken> added;    ///< the four above may be among them
    std::vector<SpecialToken> extra;  ///< more of them, which take the next free ids unless they have one
    int maxLength = 77;               ///< tokens, BOS and EOS included

    bool operator==(const TokenizerConfig&) const = default;
};

/// `folder` is the model's tokenizer folder; any of the files may be absent.
protocol::Expected<TokenizerConfig> readTokenizerConfig(const std::filesystem::path& folder);

/// Whether `folder` has a tokenizer.json, which comes before vocab.json and merges.txt.
bool hasVocabularyInTokenizerJson(const std::filesystem::path& folder);

}  // namespace easel::models
