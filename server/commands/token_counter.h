// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <list>
#include <memory>
#include <mutex>

#include "server/commands/model_shelf.h"
#include "server/prompt/tokenizer.h"
#include "shared/protocol/token_count.h"

namespace easel::commands {

/// Counts the tokens of prompts as the worker would read them. From any thread.
class TokenCounter {
public:
    explicit TokenCounter(const ModelShelf& models) : m_models(models) {}

    /// Errors: 422 with the field `model`, or what prompt::scriptOf says.
    protocol::Expected<protocol::TokenCount> count(const protocol::TokenQuestion& question);

private:
    /// A tokenizer that was asked for lately, for a person asks at each word.
    struct Kept {
        std::filesystem::path folder;
        models::TokenizerConfig config;
        std::shared_ptr<const prompt::Tokenizer> tokenizer;
    };

    protocol::Expected<std::shared_ptr<const prompt::Tokenizer>> tokenizerOf(
        const models::TextComponent& text);

    const ModelShelf& m_models;
    std::mutex m_mutex;
    std::list<Kept> m_kept;  // the latest first
};

}  // namespace easel::commands
