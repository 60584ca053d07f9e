// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/conditioning/text_stack.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <set>
#include <utility>

#include "server/diffusion/conditioning/emphasis.h"
#include "server/diffusion/failure.h"
#include "server/diffusion/weights/weights.h"
#include "server/models/embedding_file.h"
#include "server/models/files/model_problem.h"

namespace easel::diffusion {
namespace {

/// Of all prompts that are remembered.
constexpr std::size_t kRememberedChunks = 64;

/// The ids of all chunks, one after another, [chunks, T].
at::Tensor idsOf(const std::vector<prompt::Chunk>& chunks, int vocabSize) {
    std::vector<std::int32_t> ids;
    for (const prompt::Chunk& chunk : chunks) {
        ids.insert(ids.end(), chunk.ids.begin(), chunk.ids.end());
    }
    // A GPU that is asked for a row that is not there can do nothing more.
    if (*std::max_element(ids.begin(), ids.end()) >= vocabSize) {
        throw Failure(
            protocol::generationFailed("The model's tokenizer knows a word of the prompt that its text "
                                       "encoder has not learned: the two do "
                                       "not belong together. Leave the word out."));
    }
    return at::tensor(ids, at::kLong).view({static_cast<std::int64_t>(chunks.size()), -1});
}

/// Where each chunk has its first EOS, [chunks].
at::Tensor endsOf(const std::vector<prompt::Chunk>& chunks, std::int32_t eos) {
    std::vector<std::int64_t> ends;
    for (const prompt::Chunk& chunk : chunks) {
        ends.push_back(std::ranges::find(chunk.ids, eos) - chunk.ids.begin());
    }
    return at::tensor(ends, at::kLong);
}

/// Where the taught words of the chunks have their vectors.
std::vector<GivenRows> rowsOf(const std::vector<prompt::Chunk>& chunks,
                              const std::vector<at::Tensor>& vectors) {
    std::vector<GivenRows> given;
    for (std::size_t i = 0; i < chunks.size(); ++i) {
        for (const auto& [at, word] : chunks[i].taught) {
            given.push_back({static_cast<std::int64_t>(i), static_cast<std::int64_t>(at), vectors[word]});
        }
    }
    return given;
}

/// → tokens [1, T · chunks, width], and the whole by the first chunk [1, projection].
TextFeatures encodeWith(const TextPart& part, const std::vector<prompt::Chunk>& chunks,
                        const ReadingManner& manner, const std::vector<at::Tensor>& vectors,
                        c10::Device device) {
    const bool isLast = part.layer == TextLayerRead::Last;
    const auto features = part.encoder->get()->forward(
        idsOf(chunks, part.vocabSize).to(device),
        {manner.skippedLayers + (isLast ? 0 : 1), isLast, endsOf(chunks, part.tokenizer.eos()).to(device),
         rowsOf(chunks, vectors)});
    std::vector<at::Tensor> rows;
    for (std::size_t i = 0; i < chunks.size(); ++i) {
        rows.push_back(features.tokens[static_cast<std::int64_t>(i)]);
        if (!chunks[i].weights.empty()) {
            rows.back() = emphasized(rows.back(), chunks[i].weights, manner.keepsMean);
        }
    }
    return {at::cat(rows).unsqueeze(0),
            features.whole.defined() ? features.whole.slice(0, 0, 1) : at::Tensor()};
}

}  // namespace

TextStack::TextStack(std::vector<TextPart> parts, c10::Device device)
    : m_parts(std::move(parts)), m_device(device) {}

std::vector<Lesson> TextStack::saidOf(std::span<const Lesson> lessons,
                                      std::span<const prompt::Script> scripts) const {
    std::vector<std::string> names;
    for (const Lesson& lesson : lessons) {
        names.push_back(lesson.name);
    }
    std::set<std::string> said;
    for (const TextPart& part : m_parts) {
        const auto found = prompt::saidIn(scripts, part.tokenizer, names);
        said.insert(found.begin(), found.end());
    }
    std::vector<Lesson> all(lessons.begin(), lessons.end());
    std::erase_if(all, [&said](const Lesson& lesson) { return !said.contains(lesson.name); });
    return all;
}

TaughtWords TextStack::learn(std::span<const Lesson> lessons, std::span<const prompt::Script> scripts) const {
    TaughtWords taught;
    const std::vector<Lesson> said = saidOf(lessons, scripts);
    if (said.empty()) {
        return taught;
    }
    std::vector<int> widths;
    std::size_t room = m_parts.front().tokenizer.room();
    for (const TextPart& part : m_parts) {
        widths.push_back(static_cast<int>(part.encoder->get()->width()));
        room = std::min(room, part.tokenizer.room());
    }
    taught.parts.resize(m_parts.size());
    for (const Lesson& lesson : said) {
        const auto file = valueOrThrow(models::openEmbedding(lesson.file, widths));
        const auto& shape = file.vectors.front().shape;
        if (static_cast<std::size_t>(shape[0]) > room) {
            throw Failure(models::modelProblem(lesson.file, "It stands for " + std::to_string(shape[0]) +
                                                                " tokens; the model's text encoder takes " +
                                                                std::to_string(room) + " at a time."));
        }
        for (std::size_t i = 0; i < m_parts.size(); ++i) {
            const models::TensorEntry& entry = file.vectors[i];
            const Weights weights(valueOrThrow(models::TensorSource::of(file.map, {entry})),
                                  {c10::Device(c10::kCPU), at::kFloat});
            taught.parts[i].words.push_back(
                prompt::taughtWord(m_parts[i].tokenizer, lesson.name, static_cast<std::size_t>(shape[0])));
            taught.parts[i].vectors.push_back(weights.tensor(entry.name, entry.shape));
        }
    }
    return taught;
}

Conditioning TextStack::encode(const std::string& text, const ReadingManner& manner) {
    return encode({prompt::Passage{prompt::Text(text)}}, manner);
}

Conditioning TextStack::encode(const prompt::Reading& reading, const ReadingManner& manner,
                               const TaughtWords& taught) {
    for (auto it = m_encoded.begin(); taught.parts.empty() && it != m_encoded.end(); ++it) {
        if (it->reading == reading && it->manner == manner) {
            m_encoded.splice(m_encoded.begin(), m_encoded, it);
            return it->conditioning;
        }
    }
    static const TaughtWords::OfPart kNothing;
    const auto taughtOf = [&taught](std::size_t part) -> const TaughtWords::OfPart& {
        return taught.parts.empty() ? kNothing : taught.parts[part];
    };
    std::vector<std::vector<prompt::Chunk>> chunks;
    std::size_t most = 0;
    for (std::size_t i = 0; i < m_parts.size(); ++i) {
        chunks.push_back(prompt::chunksOf(reading, m_parts[i].tokenizer, taughtOf(i).words));
        most = std::max(most, chunks.back().size());
    }
    if (most > prompt::kMaxChunks) {
        throw Failure(protocol::invalidField(
            "prompt", "A prompt takes " + std::to_string(most) + " chunks of tokens; " +
                          std::to_string(prompt::kMaxChunks) + " are the most. Make it shorter."));
    }
    std::vector<at::Tensor> contexts;
    Conditioning made;
    for (std::size_t i = 0; i < m_parts.size(); ++i) {
        chunks[i].resize(most, prompt::chunksOf({}, m_parts[i].tokenizer).front());
        auto features = encodeWith(m_parts[i], chunks[i], manner, taughtOf(i).vectors, m_device);
        contexts.push_back(std::move(features.tokens));
        if (features.whole.defined()) {
            made.pooled = std::move(features.whole);
        }
    }
    made.context = contexts.size() == 1 ? contexts.front() : at::cat(contexts, -1);
    if (taught.parts.empty()) {  // or their files might change meanwhile
        remember({reading, manner, most, made});
    }
    return made;
}

bool TextStack::leave() {
    bool left = false;
    for (const TextPart& part : m_parts) {
        left = part.encoder->leave() || left;
    }
    return left;
}

void TextStack::remember(Encoded encoded) {
    m_encoded.push_front(std::move(encoded));
    std::size_t chunks = 0;
    const auto tooMany = std::ranges::find_if(m_encoded, [&chunks](const Encoded& each) {
        chunks += each.chunks;
        return chunks > kRememberedChunks;
    });
    m_encoded.erase(tooMany, m_encoded.end());
}

std::vector<Speech> TextStack::speeches(const prompt::Script& script, const ReadingManner& manner,
                                        const TaughtWords& taught) {
    std::vector<Speech> speeches;
    for (const prompt::Branch& branch : script.branches) {
        Speech& speech = speeches.emplace_back();
        speech.weight = branch.weight;
        for (const prompt::Reading& reading : branch.readings) {
            speech.conditions.push_back(encode(reading, manner, taught));
        }
        for (const prompt::Stretch& stretch : branch.stretches) {
            speech.stretches.push_back({stretch.until, stretch.reading});
        }
    }
    return speeches;
}

Speech TextStack::lengthened(Speech speech, std::int64_t tokens, const ReadingManner& manner) {
    for (Conditioning& condition : speech.conditions) {
        std::vector<at::Tensor> contexts{condition.context};
        const at::Tensor empty = encode(prompt::Reading(), manner).context;
        for (std::int64_t have = condition.context.size(1); have < tokens; have += empty.size(1)) {
            contexts.push_back(empty);
        }
        condition.context = at::cat(contexts, 1);
    }
    return speech;
}

std::int64_t longest(std::span<const Speech> speeches) {
    std::int64_t most = 0;
    for (const Speech& speech : speeches) {
        for (const Conditioning& condition : speech.conditions) {
            most = std::max(most, condition.context.size(1));
        }
    }
    return most;
}

}  // namespace easel::diffusion
