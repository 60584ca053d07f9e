// SPDX-License-Identifier: Apache-2.0
#include "server/commands/token_counter.h"

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include <fmt/core.h>

#include "server/models/embedding_file.h"
#include "server/prompt/chunks.h"
#include "server/prompt/script.h"
#include "server/prompt/taught_words.h"

namespace easel::commands {

namespace {

using prompt::Chunk;

constexpr std::size_t kMostKept = 4;

/// A word that a file teaches, and how many vectors it has.
struct Lesson {
    std::string name;
    std::size_t vectors;
};

using Tokenizers = std::vector<std::shared_ptr<const prompt::Tokenizer>>;

/// Those that the script means; files that do not fit are warned of.
std::vector<Lesson> lessonsOf(const prompt::Script& script, const ModelShelf& shelf,
                              const models::ModelFolder& model, const Tokenizers& tokenizers,
                              std::vector<std::string>& warnings) {
    std::vector<std::string> names;
    for (const protocol::AddonInfo& addon : shelf.addons(protocol::AddonKind::Embedding)) {
        names.push_back(addon.name);
    }
    names = prompt::mentionedIn(script, names);
    std::set<std::string> said;
    for (const auto& tokenizer : tokenizers) {
        const auto found = prompt::saidIn({&script, 1}, *tokenizer, names);
        said.insert(found.begin(), found.end());
    }
    std::vector<int> widths;
    for (const models::TextComponent& text : model.texts) {
        widths.push_back(text.encoder.hiddenSize);
    }
    std::vector<Lesson> lessons;
    for (const std::string& name : said) {
        const auto file =
            shelf.locateAddon(protocol::AddonKind::Embedding, name, "prompt")
                .map(models::weightsOfAddon)
                .and_then([&](const auto& path) { return models::openEmbedding(path, widths); });
        if (file) {
            lessons.push_back({name, static_cast<std::size_t>(file->vectors.front().shape[0])});
        } else {
            warnings.push_back(file.error().detail);
        }
    }
    return lessons;
}

std::size_t tokensOf(const std::vector<Chunk>& chunks) {
    std::size_t tokens = 0;
    for (const Chunk& chunk : chunks) {
        tokens += chunk.tokens;
    }
    return tokens;
}

/// The reading that takes most.
std::vector<Chunk> longestOf(const prompt::Script& script, const prompt::Tokenizer& tokenizer,
                             const std::vector<Lesson>& lessons) {
    std::vector<prompt::TaughtWord> words;
    for (const Lesson& lesson : lessons) {
        words.push_back(
            prompt::taughtWord(tokenizer, lesson.name, std::min(lesson.vectors, tokenizer.room())));
    }
    std::vector<Chunk> longest;
    for (const prompt::Branch& branch : script.branches) {
        for (const prompt::Reading& reading : branch.readings) {
            auto chunks = prompt::chunksOf(reading, tokenizer, words);
            if (std::tuple(chunks.size(), tokensOf(chunks)) > std::tuple(longest.size(), tokensOf(longest))) {
                longest = std::move(chunks);
            }
        }
    }
    return longest;
}

}  // namespace

protocol::Expected<std::shared_ptr<const prompt::Tokenizer>> TokenCounter::tokenizerOf(
    const models::TextComponent& text) {
    const std::scoped_lock lock(m_mutex);
    const auto known = std::ranges::find_if(m_kept, [&text](const Kept& kept) {
        return kept.folder == text.tokenizerFolder && kept.config == text.tokenizer;
    });
    if (known != m_kept.end()) {
        m_kept.splice(m_kept.begin(), m_kept, known);
        return known->tokenizer;
    }
    auto tokenizer = prompt::Tokenizer::of(text);
    if (!tokenizer) {
        return tl::unexpected(std::move(tokenizer.error()));
    }
    m_kept.push_front({text.tokenizerFolder, text.tokenizer,
                       std::make_shared<const prompt::Tokenizer>(std::move(*tokenizer))});
    m_kept.resize(std::min(m_kept.size(), kMostKept));
    return m_kept.front().tokenizer;
}

protocol::Expected<protocol::TokenCount> TokenCounter::count(const protocol::TokenQuestion& question) {
    const auto model = m_models.open(question.model.value_or(""));
    if (!model) {
        return tl::unexpected(model.error());
    }
    auto script = prompt::scriptOf(question.prompt, prompt::syntaxOf(question.promptSyntax.value_or("")),
                                   model->info.steps);
    if (!script) {
        return tl::unexpected(std::move(script.error()));
    }
    protocol::TokenCount count;
    count.warnings = std::move(script->warnings);
    for (const prompt::LoraTag& tag : script->loras) {
        count.loras.push_back({tag.name, tag.weight, tag.textWeight, tag.blocks});
    }
    Tokenizers tokenizers;
    for (const models::TextComponent& text : model->texts) {
        auto tokenizer = tokenizerOf(text);
        if (!tokenizer) {
            return tl::unexpected(std::move(tokenizer.error()));
        }
        tokenizers.push_back(std::move(*tokenizer));
    }
    const auto lessons = lessonsOf(*script, m_models, *model, tokenizers, count.warnings);
    std::vector<Chunk> longest;
    for (const auto& tokenizer : tokenizers) {
        auto chunks = longestOf(*script, *tokenizer, lessons);
        if (std::tuple(chunks.size(), tokensOf(chunks)) > std::tuple(longest.size(), tokensOf(longest))) {
            count.limit = static_cast<int>(chunks.size() * tokenizer->room());
            longest = std::move(chunks);
        }
    }
    count.tokens = static_cast<int>(tokensOf(longest));
    count.chunks = static_cast<int>(longest.size());
    for (std::size_t i = 0; i + 1 < longest.size(); ++i) {
        count.cuts.push_back(static_cast<std::int64_t>(longest[i].end));
    }
    if (longest.size() > prompt::kMaxChunks) {
        count.warnings.push_back(
            fmt::format("It cannot be drawn: {} chunks are the most. Make it shorter.", prompt::kMaxChunks));
    }
    return count;
}

}  // namespace easel::commands
