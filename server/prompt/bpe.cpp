// SPDX-License-Identifier: Apache-2.0
#include "server/prompt/bpe.h"

#include <algorithm>
#include <queue>
#include <tuple>
#include <utility>

#include <nlohmann/json.hpp>

#include "server/models/configs/tokenizer_config.h"
#include "server/models/files/json_object.h"
#include "server/models/files/model_problem.h"
#include "server/models/files/text_file.h"
#include "server/prompt/built_in.h"
#include "shared/text/utf8.h"

namespace easel::prompt {

namespace {

constexpr std::int64_t kMaxId = 1 << 24;
constexpr std::string_view kEndOfPiece = "</w>";

std::uint64_t pairKey(std::int32_t left, std::int32_t right) {
    return std::uint64_t{static_cast<std::uint32_t>(left)} << 32 | static_cast<std::uint32_t>(right);
}

/// How each byte is written in a vocabulary: printable ones of Latin-1 as they are, the others, in order,
/// as the characters from U+0100 on.
std::array<std::string, 256> byteSymbols() {
    std::array<std::string, 256> symbols;
    char32_t next = 0x100;
    for (char32_t byte = 0; byte < 256; ++byte) {
        const bool printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte != 173);
        text::append(symbols[byte], printable ? byte : next++);
    }
    return symbols;
}

/// A piece while its pairs are merged: a list whose left symbol takes in the right one.
struct Symbol {
    std::int32_t id;
    std::int32_t before;  ///< -1: none
    std::int32_t after;   ///< -1: none
    bool alive = true;
};

/// A line of a merges.txt.
struct MergeLine {
    std::int32_t line;
    std::string left;
    std::string right;
};

std::vector<MergeLine> mergesIn(std::string_view text) {
    std::vector<MergeLine> merges;
    std::int32_t lineNumber = 0;
    for (std::string_view rest = text; !rest.empty();) {
        std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        if (line.ends_with('\r')) {
            line.remove_suffix(1);
        }
        if (++lineNumber; line.empty() || (lineNumber == 1 && line.starts_with("#version"))) {
            continue;
        }
        const std::string_view left = line.substr(0, line.find(' '));
        const std::string_view right = line.substr(std::min(line.size(), left.size() + 1));
        merges.push_back({lineNumber, std::string(left), std::string(right)});
    }
    return merges;
}

}  // namespace

protocol::Expected<Bpe> Bpe::load(const std::filesystem::path& folder) {
    Bpe bpe;
    const auto read = models::hasVocabularyInTokenizerJson(folder)
                          ? bpe.readTokenizerJson(folder / "tokenizer.json")
                          : bpe.readVocabJson(folder / "vocab.json").and_then([&] {
                                return bpe.readMergesTxt(folder / "merges.txt");
                            });
    if (!read) {
        return tl::unexpected(read.error());
    }
    bpe.findBytes();
    return bpe;
}

void Bpe::findBytes() {
    const auto symbols = byteSymbols();
    for (std::size_t byte = 0; byte < symbols.size(); ++byte) {
        m_byteIds[byte] = idOf(symbols[byte]);
        m_lastByteIds[byte] = idOf(symbols[byte] + std::string(kEndOfPiece));
    }
}

/// Its ids follow from the merges: the bytes, those in the order of their symbols; the same at a piece's end;
/// what each merge makes; the two marks.
Bpe Bpe::clip() {
    Bpe bpe;
    const auto add = [&bpe](const std::string& token) {
        bpe.m_ids.emplace(token, static_cast<std::int32_t>(bpe.m_ids.size()));
    };
    auto symbols = byteSymbols();
    std::ranges::sort(symbols);
    for (const std::string_view end : {std::string_view(), kEndOfPiece}) {
        for (const std::string& symbol : symbols) {
            add(symbol + std::string(end));
        }
    }
    for (const MergeLine& merge : mergesIn(builtInVocabulary("merges.txt"))) {
        add(merge.left + merge.right);
        bpe.addMerge(merge.left, merge.right, merge.line);
    }
    add("<|startoftext|>");
    add("<|endoftext|>");
    bpe.findBytes();
    return bpe;
}

std::optional<std::int32_t> Bpe::idOf(const std::string& token) const {
    const auto found = m_ids.find(token);
    return found == m_ids.end() ? std::nullopt : std::optional(found->second);
}

void Bpe::encode(std::string_view piece, std::int32_t unknown,
                 const std::function<void(std::int32_t id, std::size_t begin)>& take) const {
    std::vector<Symbol> symbols;
    symbols.reserve(piece.size());
    const auto count = static_cast<std::int32_t>(piece.size());
    for (std::int32_t i = 0; i < count; ++i) {
        const bool last = i + 1 == count;
        const auto& known = last ? m_lastByteIds : m_byteIds;
        symbols.push_back(
            {known[static_cast<unsigned char>(piece[i])].value_or(unknown), i - 1, last ? -1 : i + 1});
    }
    // The lowest rank first, of equal ones the leftmost. An entry whose symbols have changed since it was
    // made is passed over when its turn comes.
    using Entry = std::tuple<std::int32_t, std::int32_t, std::int32_t>;  // rank, left symbol, merged id
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> waiting;
    const auto consider = [&](std::int32_t left) {
        if (left < 0 || symbols[left].after < 0) {
            return;
        }
        if (const Merge* const merge = mergeOf(symbols[left].id, symbols[symbols[left].after].id)) {
            waiting.emplace(merge->rank, left, merge->id);
        }
    };
    for (std::int32_t i = 0; i < count; ++i) {
        consider(i);
    }
    while (!waiting.empty()) {
        const auto [rank, left, id] = waiting.top();
        waiting.pop();
        Symbol& symbol = symbols[left];
        if (!symbol.alive || symbol.after < 0) {
            continue;
        }
        Symbol& next = symbols[symbol.after];
        const Merge* const merge = mergeOf(symbol.id, next.id);
        if (!merge || merge->id != id) {
            continue;
        }
        symbol.id = id;
        symbol.after = next.after;
        next.alive = false;
        if (symbol.after >= 0) {
            symbols[symbol.after].before = left;
        }
        consider(symbol.before);
        consider(left);
    }
    for (std::size_t i = 0; i < symbols.size(); ++i) {
        if (symbols[i].alive) {
            take(symbols[i].id, i);
        }
    }
}

/// Only the vocabulary and the merges count, as for transformers: a CLIPTokenizer knows the rest by itself.
protocol::Expected<void> Bpe::readTokenizerJson(const std::filesystem::path& file) {
    const auto json = models::readJsonFile(file);
    if (!json) {
        return tl::unexpected(json.error());
    }
    const nlohmann::json none;
    const nlohmann::json& model = json->is_object() && json->contains("model") ? (*json)["model"] : none;
    if (!model.is_object() || model.value("type", nlohmann::json()) != "BPE" || !model.contains("vocab") ||
        !model.contains("merges") || !model["merges"].is_array()) {
        return tl::unexpected(
            models::modelProblem(file, "It does not hold a model of byte pairs (type \"BPE\")."));
    }
    if (const auto taken = takeVocabulary(file, model["vocab"]); !taken) {
        return taken;
    }
    std::int32_t rank = 0;
    for (const auto& merge : model["merges"]) {
        std::string left;
        std::string right;
        if (merge.is_string()) {  // "l r", before there were pairs
            const auto& both = merge.get_ref<const std::string&>();
            left = both.substr(0, both.find(' '));
            right = both.substr(std::min(both.size(), left.size() + 1));
        } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
            left = merge[0];
            right = merge[1];
        }
        if (!addMerge(left, right, ++rank)) {
            return tl::unexpected(models::modelProblem(
                file, "Merge " + std::to_string(rank) +
                          " does not join two tokens of the vocabulary to a third one."));
        }
    }
    return {};
}

protocol::Expected<void> Bpe::readVocabJson(const std::filesystem::path& file) {
    return models::readJsonFile(file).and_then(
        [&](const nlohmann::json& vocabulary) { return takeVocabulary(file, vocabulary); });
}

protocol::Expected<void> Bpe::takeVocabulary(const std::filesystem::path& file,
                                             const nlohmann::json& vocabulary) {
    if (!vocabulary.is_object()) {
        return tl::unexpected(models::modelProblem(file, "It does not hold a JSON object of tokens."));
    }
    m_ids.reserve(vocabulary.size());
    for (const auto& [token, id] : vocabulary.items()) {
        if (!id.is_number_unsigned() || id.get<std::uint64_t>() >= kMaxId) {
            return tl::unexpected(models::modelProblem(file, "Token \"" + token + "\" has no usable id."));
        }
        m_ids.emplace(token, id.get<std::int32_t>());
    }
    return {};
}

protocol::Expected<void> Bpe::readMergesTxt(const std::filesystem::path& file) {
    const auto text = models::readTextFile(file);
    if (!text) {
        return tl::unexpected(text.error());
    }
    for (const MergeLine& merge : mergesIn(*text)) {
        if (!addMerge(merge.left, merge.right, merge.line)) {
            return tl::unexpected(models::modelProblem(
                file, "Line " + std::to_string(merge.line) +
                          " does not join two tokens of the vocabulary to a third one."));
        }
    }
    return {};
}

bool Bpe::addMerge(const std::string& left, const std::string& right, std::int32_t rank) {
    const auto leftId = idOf(left);
    const auto rightId = idOf(right);
    const auto bothId = idOf(left + right);
    if (!leftId || !rightId || !bothId) {
        return false;
    }
    m_merges.insert_or_assign(pairKey(*leftId, *rightId), Merge{rank, *bothId});
    return true;
}

const Bpe::Merge* Bpe::mergeOf(std::int32_t left, std::int32_t right) const {
    const auto found = m_merges.find(pairKey(left, right));
    return found == m_merges.end() ? nullptr : &found->second;
}

}  // namespace easel::prompt
