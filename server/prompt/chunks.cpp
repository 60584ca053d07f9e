// SPDX-License-Identifier: Apache-2.0
#include "server/prompt/chunks.h"

#include <algorithm>
#include <optional>
#include <set>

namespace easel::prompt {

namespace {

/// How far back a comma may lie for a chunk to end there.
constexpr std::size_t kBacktrack = 20;

class Chunker {
public:
    Chunker(const Tokenizer& tokenizer, std::span<const TaughtWord> taught)
        : m_tokenizer(tokenizer), m_taught(taught), m_room(tokenizer.room()) {
        const auto comma = tokenizer.tokensOf(",");
        if (comma.size() == 1) {
            m_commaId = comma.front().id;
        }
    }

    void add(const Passage& passage) {
        if (passage.opensChunk) {
            flush();
        }
        const auto tokens = m_tokenizer.tokensOf(passage.text.bytes);
        for (std::span<const Token> rest = tokens; !rest.empty();) {
            const bool isComma = rest.front().id == m_commaId;
            if (isComma) {
                m_comma = m_slots.size();
            } else if (m_slots.size() == m_room && m_comma && m_room - *m_comma <= kBacktrack) {
                endAtComma();
            }
            const auto word = wordAt(rest);
            const std::size_t taken = word ? m_taught[*word].ids.size() : 1;
            const std::size_t vectors = word ? m_taught[*word].vectors : 1;
            if (m_slots.size() + vectors > m_room) {
                flush();
            }
            const std::size_t end = passage.text.from[rest[taken - 1].end - 1] + 1;
            for (std::size_t i = 0; i < vectors; ++i) {
                m_slots.push_back({word ? 0 : rest.front().id, static_cast<float>(passage.weight), end, {}});
            }
            m_slots[m_slots.size() - vectors].word = word;
            rest = rest.subspan(taken);
        }
    }

    std::vector<Chunk> finish() {
        if (!m_slots.empty() || m_chunks.empty()) {
            flush();
        }
        return std::move(m_chunks);
    }

private:
    struct Slot {
        std::int32_t id;
        float weight;
        std::size_t end;
        std::optional<std::size_t> word;  // whose first vector it is
    };

    /// The longest word that begins here.
    std::optional<std::size_t> wordAt(std::span<const Token> tokens) const {
        std::optional<std::size_t> found;
        for (std::size_t i = 0; i < m_taught.size() && tokens.front().beginsWord; ++i) {
            const auto& ids = m_taught[i].ids;
            const bool isHere = !ids.empty() && ids.size() <= tokens.size() &&
                                std::ranges::equal(ids, tokens.first(ids.size()), {}, {}, &Token::id);
            if (isHere && (!found || ids.size() > m_taught[*found].ids.size())) {
                found = i;
            }
        }
        return found;
    }

    /// What came after the comma is the next chunk's.
    void endAtComma() {
        const auto begin = m_slots.begin() + static_cast<std::ptrdiff_t>(*m_comma + 1);
        std::vector<Slot> next(begin, m_slots.end());
        m_slots.erase(begin, m_slots.end());
        flush();
        m_slots = std::move(next);
    }

    void flush() {
        Chunk chunk;
        std::vector<std::int32_t> ids;
        for (const Slot& slot : m_slots) {
            ids.push_back(slot.id);
            if (slot.word) {
                chunk.taught.push_back({ids.size(), *slot.word});
            }
            m_end = std::max(m_end, slot.end);
        }
        chunk.ids = m_tokenizer.framed(ids);
        if (std::ranges::any_of(m_slots, [](const Slot& slot) { return slot.weight != 1; })) {
            chunk.weights.assign(chunk.ids.size(), 1);
            std::ranges::transform(m_slots, chunk.weights.begin() + 1, &Slot::weight);
        }
        chunk.tokens = m_slots.size();
        chunk.end = m_end;
        m_chunks.push_back(std::move(chunk));
        m_slots.clear();
        m_comma.reset();
    }

    const Tokenizer& m_tokenizer;
    const std::span<const TaughtWord> m_taught;
    const std::size_t m_room;
    std::optional<std::int32_t> m_commaId;
    std::vector<Slot> m_slots;           // of the chunk under way
    std::optional<std::size_t> m_comma;  // the last one among them
    std::size_t m_end = 0;
    std::vector<Chunk> m_chunks;
};

}  // namespace

std::vector<Chunk> chunksOf(const Reading& reading, const Tokenizer& tokenizer,
                            std::span<const TaughtWord> taught) {
    Chunker chunker(tokenizer, taught);
    for (const Passage& passage : reading) {
        chunker.add(passage);
    }
    return chunker.finish();
}

std::vector<std::string> saidIn(std::span<const Script> scripts, const Tokenizer& tokenizer,
                                std::span<const std::string> names) {
    if (names.empty()) {
        return {};  // as for most prompts, which need not be read for it
    }
    std::vector<TaughtWord> words;
    for (const std::string& name : names) {
        words.push_back(taughtWord(tokenizer, name, 1));
    }
    std::set<std::size_t> found;
    for (const Script& script : scripts) {
        for (const Branch& branch : script.branches) {
            for (const Reading& reading : branch.readings) {
                for (const Chunk& chunk : chunksOf(reading, tokenizer, words)) {
                    for (const auto& [at, word] : chunk.taught) {
                        found.insert(word);
                    }
                }
            }
        }
    }
    std::vector<std::string> said;
    for (const std::size_t word : found) {
        said.push_back(names[word]);
    }
    return said;
}

}  // namespace easel::prompt
