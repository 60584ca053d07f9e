// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

#include "shared/protocol/problem.h"

/// Words to the numbers that a text encoder takes.
namespace easel::prompt {

/// CLIP's tokenizer: the ids are those of transformers' CLIPTokenizer. Immutable: any thread may use it.
class Tokenizer {
public:
    /// `folder` holds vocab.json and merges.txt or a tokenizer.json, and what TokenizerConfig is read from.
    static protocol::Expected<Tokenizer> load(const std::filesystem::path& folder);

    ~Tokenizer();
    Tokenizer(Tokenizer&& other) noexcept;
    Tokenizer& operator=(Tokenizer&& other) noexcept;

    /// As many ids as the text encoder takes, always: BOS, the tokens of `text` as far as there is room, EOS,
    /// padding. `text` is UTF-8; what is not reads as U+FFFD.
    std::vector<std::int32_t> encode(std::string_view text) const;

private:
    struct Impl;
    explicit Tokenizer(std::unique_ptr<const Impl> impl);

    std::unique_ptr<const Impl> m_impl;
};

}  // namespace easel::prompt
