// SPDX-License-Identifier: Apache-2.0
// Vocabularies and merges from strangers, and any text through a good one. The first byte chooses.
#include <algorithm>

#include "server/prompt/tokenizer.h"
#include "tests/fuzz/fuzz.h"

using namespace easel;

namespace {

void encode(const prompt::Tokenizer& tokenizer, std::string_view text) {
    fuzz::require(tokenizer.encode(text).size() == tokenizer.encode("").size(), "a prompt has all its ids");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const fuzz::Scratch scratch;
    static const auto good =
        prompt::Tokenizer::load(EASEL_SOURCE_DIR "/resources/starter-model/model/tokenizer");
    if (size == 0) {
        return 0;
    }
    auto rest = fuzz::textOf(data + 1, size - 1);
    switch (data[0] % 3) {
        case 0:
            fuzz::require(good.has_value(), "the starter model's tokenizer can be read");
            encode(*good, rest);
            break;
        case 1: {
            const auto text = fuzz::takePart(rest);
            scratch.write("vocab.json", fuzz::takePart(rest));
            scratch.write("merges.txt", rest);
            if (const auto tokenizer = prompt::Tokenizer::load(scratch.folder())) {
                encode(*tokenizer, text);
            }
            std::filesystem::remove(scratch.folder() / "vocab.json");
            std::filesystem::remove(scratch.folder() / "merges.txt");
            break;
        }
        default: {
            const auto text = fuzz::takePart(rest);
            scratch.write("tokenizer.json", rest);
            if (const auto tokenizer = prompt::Tokenizer::load(scratch.folder())) {
                encode(*tokenizer, text);
            }
            std::filesystem::remove(scratch.folder() / "tokenizer.json");
        }
    }
    return 0;
}
