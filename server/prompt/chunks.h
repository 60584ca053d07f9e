// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "server/prompt/emphasis.h"
#include "server/prompt/script.h"
#include "server/prompt/taught_words.h"
#include "server/prompt/tokenizer.h"

namespace easel::prompt {

/// As much of a prompt as a text encoder takes at once.
struct Chunk {
    struct Taught {
        std::size_t at = 0;    ///< of its first vector, among `ids`
        std::size_t word = 0;  ///< which of the taught words
    };

    std::vector<std::int32_t> ids;  ///< with BOS, EOS and padding; 0 where a taught word has its vectors
    std::vector<float> weights;     ///< of each id; empty where all are 1
    std::vector<Taught> taught;
    std::size_t tokens = 0;  ///< without BOS, EOS and padding
    std::size_t end = 0;     ///< the byte of the prompt up to which it goes
};

/// A prompt of any length as chunks, at least one. Where one would end within 20 tokens after a comma, it
/// ends at the comma; BREAK ends one, too. The vectors of a word stay together; each has room in a chunk.
std::vector<Chunk> chunksOf(const Reading& reading, const Tokenizer& tokenizer,
                            std::span<const TaughtWord> taught = {});

/// Those of `names` that chunksOf finds in one of `scripts`: as a word from its beginning, and the longest of
/// those that begin there.
std::vector<std::string> saidIn(std::span<const Script> scripts, const Tokenizer& tokenizer,
                                std::span<const std::string> names);

/// More are too many for one picture.
inline constexpr std::size_t kMaxChunks = 64;

}  // namespace easel::prompt
