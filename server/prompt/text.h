// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace easel::prompt {

/// A part of a prompt, what its syntax is written with taken off. Each byte remembers where it stood.
struct Text {
    std::string bytes;
    std::vector<std::uint32_t> from;  ///< of each byte, its place in the prompt

    Text() = default;
    /// A whole prompt.
    explicit Text(std::string_view prompt);

    /// Bytes `begin` to `end`, which is not one of them.
    Text part(std::size_t begin, std::size_t end) const;
    void append(const Text& other, std::size_t begin, std::size_t end);
    void append(const Text& other) { append(other, 0, other.bytes.size()); }

    bool operator==(const Text&) const = default;
};

/// Whether the word `word` stands at byte `at` of `text`, with no letter, number or _ beside it.
bool isWordAt(std::string_view text, std::size_t at, std::string_view word);

/// `text` without the white space, in ASCII, around it.
std::string_view trimmed(std::string_view text);

}  // namespace easel::prompt
