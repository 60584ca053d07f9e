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

/// tokenizer_config.json and special_tokens_map.json of a CLIPTokenizer; the map has the last word. What
/// they leave out has the value given here.
struct TokenizerConfig {
    SpecialToken bos{"<|startoftext|>"};
    SpecialToken eos{"<|endoftext|>"};
    SpecialToken unknown{"<|endoftext|>"};
    SpecialToken pad{"<|endoftext|>"};
    std::vector<AddedToken> added;  ///< the four above may be among them
    int maxLength = 77;             ///< tokens, BOS and EOS included

    bool operator==(const TokenizerConfig&) const = default;
};

/// `folder` is the model's tokenizer folder; both files may be absent. The added tokens are those of
/// tokenizer.json where that holds the vocabulary.
protocol::Expected<TokenizerConfig> readTokenizerConfig(const std::filesystem::path& folder);

/// Whether `folder` has its vocabulary in tokenizer.json, as transformers 5 writes it, and not in vocab.json
/// and merges.txt.
bool hasVocabularyInTokenizerJson(const std::filesystem::path& folder);

}  // namespace easel::models
