// SPDX-License-Identifier: Apache-2.0
// Any text as a prompt: its syntax, its steps and its chunks. The first two bytes choose how it is read.
#include <algorithm>

#include "server/prompt/chunks.h"
#include "server/prompt/script.h"
#include "server/prompt/taught_words.h"
#include "shared/text/utf8.h"
#include "tests/fuzz/fuzz.h"

using namespace easel;

namespace {

const prompt::Tokenizer& tokenizer() {
    static const auto loaded =
        prompt::Tokenizer::load(EASEL_SOURCE_DIR "/resources/starter-model/model/tokenizer");
    fuzz::require(loaded.has_value(), "the starter model's tokenizer can be read");
    return *loaded;
}

/// Each byte of what is read stands in the prompt, in its order there but where words take turns.
void check(const prompt::Passage& passage, std::string_view text) {
    fuzz::require(passage.text.bytes.size() == passage.text.from.size(), "each byte remembers its place");
    for (std::size_t i = 0; i < passage.text.bytes.size(); ++i) {
        fuzz::require(
            passage.text.from[i] < text.size() && text[passage.text.from[i]] == passage.text.bytes[i],
            "each byte is one of the prompt's");
    }
    fuzz::require(passage.weight >= -prompt::kGreatestWeight && passage.weight <= prompt::kGreatestWeight,
                  "weights have bounds");
}

void check(const std::vector<prompt::Chunk>& chunks, std::string_view text, std::size_t words) {
    fuzz::require(!chunks.empty(), "there is a chunk at least");
    std::size_t end = 0;
    for (const prompt::Chunk& chunk : chunks) {
        fuzz::require(chunk.ids.size() == tokenizer().room() + 2, "a chunk has all its ids");
        fuzz::require(chunk.weights.empty() || chunk.weights.size() == chunk.ids.size(),
                      "each id has its weight");
        fuzz::require(chunk.tokens <= tokenizer().room(), "a chunk is not too full");
        fuzz::require(chunk.end >= end && chunk.end <= text.size(), "cuts come in the order of the prompt");
        for (const auto& taught : chunk.taught) {
            fuzz::require(taught.word < words && taught.at >= 1 && taught.at <= chunk.tokens,
                          "vectors lie in the chunk");
        }
        end = chunk.end;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) {
        return 0;
    }
    const auto syntax = data[0] % 8 == 0 ? prompt::Syntax::Plain : prompt::Syntax::A1111;
    const auto role = data[0] % 2 == 0 ? prompt::Role::Positive : prompt::Role::Negative;
    const int steps = 1 + data[1] % 32;
    const auto given = fuzz::textOf(data + 2, size - 2);
    const std::string text = text::toValidUtf8(given);
    const auto script = prompt::scriptOf(given, syntax, steps, role);
    if (!script) {
        fuzz::require(syntax == prompt::Syntax::A1111, "plain text is never refused");
        return 0;
    }
    static const std::vector<prompt::TaughtWord> words{prompt::taughtWord(tokenizer(), "fox", 2),
                                                       prompt::taughtWord(tokenizer(), "a fox", 75),
                                                       prompt::taughtWord(tokenizer(), ",", 1)};
    fuzz::require(!script->branches.empty() && script->branches.size() <= prompt::kMaxBranches,
                  "branches have bounds");
    for (const prompt::Branch& branch : script->branches) {
        fuzz::require(!branch.stretches.empty() && branch.stretches.back().until == steps,
                      "something is said until the end");
        int until = 0;
        for (const prompt::Stretch& stretch : branch.stretches) {
            fuzz::require(stretch.until > until && stretch.reading < branch.readings.size(),
                          "stretches follow each other");
            until = stretch.until;
        }
        fuzz::require(branch.readings.size() <= prompt::kMaxReadings, "readings have bounds");
        // All of many would only take their time.
        for (std::size_t i = 0; i < std::min<std::size_t>(branch.readings.size(), 3); ++i) {
            for (const prompt::Passage& passage : branch.readings[i]) {
                check(passage, text);
            }
            check(prompt::chunksOf(branch.readings[i], tokenizer(), words), text, words.size());
        }
    }
    const std::vector<std::string> names{"fox", "(x)"};
    prompt::saidIn({&*script, 1}, tokenizer(), prompt::mentionedIn(*script, names));
    return 0;
}
