// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "shared/protocol/problem.h"

namespace easel::models {

/// tokenizer_config.json and special_tokens_map.json of a CLIPTokenizer; the map has the last word. What
/// they leave out has the value given here.
struct TokenizerConfig {
    std::string bos = "<|startoftext|>";
    std::string eos = "<|endoftext|>";
    std::string unknown = "<|endoftext|>";
    std::string pad = "<|endoftext|>";
    int maxLength = 77;  ///< tokens, BOS and EOS included

    bool operator==(const TokenizerConfig&) const = default;
};

/// `folder` is the model's tokenizer folder; both files may be absent.
protocol::Expected<TokenizerConfig> readTokenizerConfig(const std::filesystem::path& folder);

}  // namespace easel::models
