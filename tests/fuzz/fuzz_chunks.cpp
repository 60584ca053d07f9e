// SPDX-License-Identifier: Apache-2.0
// What a prompt says, as chunks of tokens, and the taught words in it. The first two bytes choose how it is
// read.
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
    const int steps = 1 + data[1] % 4;
    const auto given = fuzz::textOf(data + 2, size - 2);
    const auto script = prompt::scriptOf(given, syntax, steps);
    if (!script) {
        return 0;
    }
    static const std::vector<prompt::TaughtWord> words{prompt::taughtWord(tokenizer(), "fox", 2),
                                                       prompt::taughtWord(tokenizer(), "a fox", 75),
                                                       prompt::taughtWord(tokenizer(), ",", 1)};
    const std::string text = text::toValidUtf8(given);
    // All branches and readings of many would only take their time.
    const prompt::Branch& branch = script->branches.back();
    for (std::size_t i = 0; i < std::min<std::size_t>(branch.readings.size(), 2); ++i) {
        check(prompt::chunksOf(branch.readings[i], tokenizer(), words), text, words.size());
    }
    const std::vector<std::string> names{"fox", "(x)"};
    prompt::saidIn({&*script, 1}, tokenizer(), prompt::mentionedIn(*script, names));
    return 0;
}
