// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "server/models/model_folder.h"
#include "shared/protocol/problem.h"

/// Words to the numbers that a text encoder takes.
namespace easel::prompt {

class Bpe;

/// A token of a text, and the bytes of the text that it stands for.
struct Token {
    std::int32_t id = 0;
    bool beginsWord = false;  ///< or a number, or a run of signs
    std::size_t begin = 0;
    std::size_t end = 0;
};

/// CLIP's tokenizer: the ids are those of transformers' CLIPTokenizer. Immutable: any thread may use it.
class Tokenizer {
public:
    /// `folder` holds vocab.json and merges.txt or a tokenizer.json, and what TokenizerConfig is read from.
    static protocol::Expected<Tokenizer> load(const std::filesystem::path& folder);
    /// That of a model's text encoder: from its folder, or else with CLIP's own vocabulary, which is built
    /// in.
    static protocol::Expected<Tokenizer> of(const models::TextComponent& text);

    ~Tokenizer();
    Tokenizer(Tokenizer&& other) noexcept;
    Tokenizer& operator=(Tokenizer&& other) noexcept;

    /// All of `text`, without BOS and EOS. It is UTF-8; what is not reads as U+FFFD, and counts as that.
    std::vector<Token> tokensOf(std::string_view text) const;

    /// How many tokens the text encoder takes between BOS and EOS.
    std::size_t room() const;
    /// The id that ends what a text encoder takes.
    std::int32_t eos() const;
    /// As many ids as the text encoder takes, always: BOS, of `ids` as many as there is room for, EOS,
    /// padding.
    std::vector<std::int32_t> framed(std::span<const std::int32_t> ids) const;

private:
    struct Impl;
    static protocol::Expected<Tokenizer> make(const models::TokenizerConfig& config, Bpe bpe,
                                              const std::filesystem::path& folder);
    explicit Tokenizer(std::unique_ptr<const Impl> impl);

    std::unique_ptr<const Impl> m_impl;
};

}  // namespace easel::prompt
