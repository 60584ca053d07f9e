// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "shared/protocol/problem.h"

namespace easel::prompt {

/// Byte-pair encoding with a vocabulary of CLIP's form: bytes as printable characters, the last one of a
/// piece marked with "</w>". https://arxiv.org/abs/1508.07909. Immutable: any thread may use it.
class Bpe {
public:
    /// Reads vocab.json and merges.txt of `folder`, or else the same from its tokenizer.json.
    static protocol::Expected<Bpe> load(const std::filesystem::path& folder);
    /// CLIP's own vocabulary, which is built in.
    static Bpe clip();

    /// How many tokens the vocabulary has.
    std::size_t size() const { return m_ids.size(); }
    /// Empty when the vocabulary has no such token.
    std::optional<std::int32_t> idOf(const std::string& token) const;
    /// Calls `take` with each id of one piece and the byte that it begins at; `unknown` stands for a byte
    /// that the vocabulary lacks.
    void encode(std::string_view piece, std::int32_t unknown,
                const std::function<void(std::int32_t id, std::size_t begin)>& take) const;

private:
    struct Merge {
        std::int32_t rank;  ///< lower ones come first
        std::int32_t id;    ///< of the two together
    };

    protocol::Expected<void> readTokenizerJson(const std::filesystem::path& file);
    protocol::Expected<void> readVocabJson(const std::filesystem::path& file);
    protocol::Expected<void> readMergesTxt(const std::filesystem::path& file);
    /// Looks up how the vocabulary writes each byte, once it is whole.
    void findBytes();
    protocol::Expected<void> takeVocabulary(const std::filesystem::path& file,
                                            const nlohmann::json& vocabulary);
    /// False unless all three are tokens of the vocabulary.
    bool addMerge(const std::string& left, const std::string& right, std::int32_t rank);
    const Merge* mergeOf(std::int32_t left, std::int32_t right) const;

    std::unordered_map<std::string, std::int32_t> m_ids;
    std::unordered_map<std::uint64_t, Merge> m_merges;  // by both ids
    std::array<std::optional<std::int32_t>, 256> m_byteIds;
    std::array<std::optional<std::int32_t>, 256> m_lastByteIds;
};

}  // namespace easel::prompt
