// SPDX-License-Identifier: Apache-2.0
#include "server/prompt/pretokenizer.h"

#include <cstddef>

#include "server/prompt/unicode.h"
#include "shared/text/utf8.h"

namespace easel::prompt {

namespace {

constexpr std::string_view kContractions[] = {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"};
constexpr std::string_view kMarkers[] = {"<|startoftext|>", "<|endoftext|>"};

/// Bytes of the run of `kind` that `text` begins with.
std::size_t runOf(CharacterClass kind, std::string_view text) {
    std::size_t size = 0;
    while (size < text.size()) {
        const text::Character character = text::firstOf(text.substr(size));
        if (classOf(character.code) != kind) {
            break;
        }
        size += character.bytes;
    }
    return size;
}

/// Bytes of the piece that `text`, which does not begin with white space, begins with.
std::size_t pieceSize(std::string_view text) {
    for (const std::string_view contraction : kContractions) {
        if (text.starts_with(contraction)) {
            return contraction.size();
        }
    }
    const text::Character first = text::firstOf(text);
    const CharacterClass kind = classOf(first.code);
    return kind == CharacterClass::Number ? first.bytes : runOf(kind, text);
}

}  // namespace

std::vector<std::string_view> piecesOf(std::string_view text) {
    std::vector<std::string_view> pieces;
    const auto cut = [&pieces, &text](std::size_t size) {
        pieces.push_back(text.substr(0, size));
        text.remove_prefix(size);
    };
    while (!text.empty()) {
        text.remove_prefix(runOf(CharacterClass::Space, text));
        // A marker is cut out whole and then cut again: what follows it never joins its last bracket.
        for (const std::string_view marker : kMarkers) {
            if (text.starts_with(marker)) {
                cut(2);
                cut(marker.size() - 4);
                cut(2);
            }
        }
        if (!text.empty() && classOf(text::firstOf(text).code) != CharacterClass::Space) {
            cut(pieceSize(text));
        }
    }
    return pieces;
}

}  // namespace easel::prompt
