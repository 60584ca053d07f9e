// SPDX-License-Identifier: Apache-2.0
// Vocabularies and merges from strangers, and any text through a good one. The first byte chooses.
#include <algorithm>

#include "server/prompt/tokenizer.h"
#include "shared/text/utf8.h"
#include "tests/fuzz/fuzz.h"

using namespace easel;

namespace {

void encode(const prompt::Tokenizer& tokenizer, std::string_view text) {
    const std::size_t size = text::toValidUtf8(text).size();
    std::size_t end = 0;
    std::vector<std::int32_t> ids;
    for (const prompt::Token& token : tokenizer.tokensOf(text)) {
        fuzz::require(token.begin < token.end && token.end <= size, "a token stands for a part of the text");
        fuzz::require(token.end >= end, "tokens come in the order of the text");
        end = token.end;
        ids.push_back(token.id);
    }
    fuzz::require(tokenizer.framed(ids).size() == tokenizer.room() + 2, "a prompt has all its ids");
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
