// SPDX-License-Identifier: Apache-2.0
#include "server/prompt/tokenizer.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "server/models/configs/tokenizer_config.h"
#include "server/models/files/model_problem.h"
#include "server/prompt/bpe.h"
#include "server/prompt/pretokenizer.h"
#include "server/prompt/unicode.h"
#include "shared/text/utf8.h"

namespace easel::prompt {

namespace {

/// A token that is found in the text itself.
struct Special {
    std::string text;
    std::int32_t id = 0;
};

/// Calls `onSpecial` and `onText` for the parts of `text` from left to right, with the byte where each
/// begins; where several specials begin at one place, the longest is taken.
template <typename OnSpecial, typename OnText>
void split(std::string_view text, const std::vector<Special>& specials, OnSpecial onSpecial, OnText onText) {
    std::size_t begin = 0;
    for (std::size_t i = 0; i < text.size() && !specials.empty();) {
        const Special* found = nullptr;
        for (const Special& special : specials) {
            if (text.substr(i).starts_with(special.text) &&
                (!found || special.text.size() > found->text.size())) {
                found = &special;
            }
        }
        if (!found) {
            ++i;
            continue;
        }
        onText(text.substr(begin, i - begin), begin);
        onSpecial(*found, i);
        begin = i += found->text.size();
    }
    onText(text.substr(begin), begin);
}

}  // namespace

struct Tokenizer::Impl {
    Bpe bpe;
    std::int32_t bos = 0;
    std::int32_t eos = 0;
    std::int32_t unknown = 0;
    std::int32_t pad = 0;
    std::size_t maxLength = 0;
    std::vector<Special> typed;       ///< sought in the text as it was typed
    std::vector<Special> normalized;  ///< sought after normalization

    /// Of a part that begins at byte `at` of the text.
    void addPart(std::string_view part, std::size_t at, std::vector<Token>& tokens) const {
        const Normalized normal = prompt::normalized(part);
        const auto add = [&](std::int32_t id, bool beginsWord, std::size_t begin) {
            tokens.push_back({id, beginsWord, at + normal.from[begin], 0});
        };
        // A character of the text is several bytes, and may be two characters here: it counts as a whole.
        const auto endAt = [&](std::size_t end) {
            const auto last = normal.from.begin() + static_cast<std::ptrdiff_t>(end) - 1;
            tokens.back().end = at + *std::upper_bound(last, normal.from.end(), *last);
        };
        const auto addSpecial = [&](const Special& special, std::size_t begin) {
            add(special.id, true, begin);
            endAt(begin + special.text.size());
        };
        const auto addPieces = [&](std::string_view text, std::size_t) {
            for (const std::string_view piece : piecesOf(text)) {
                const auto begin = static_cast<std::size_t>(piece.data() - normal.text.data());
                bpe.encode(piece, unknown, [&](std::int32_t id, std::size_t inPiece) {
                    if (inPiece > 0) {
                        endAt(begin + inPiece);
                    }
                    add(id, inPiece == 0, begin + inPiece);
                });
                endAt(begin + piece.size());
            }
        };
        split(normal.text, normalized, addSpecial, addPieces);
    }
};

protocol::Expected<Tokenizer> Tokenizer::load(const std::filesystem::path& folder) {
    const auto config = models::readTokenizerConfig(folder);
    if (!config) {
        return tl::unexpected(config.error());
    }
    auto bpe = Bpe::load(folder);
    if (!bpe) {
        return tl::unexpected(std::move(bpe.error()));
    }
    return make(*config, std::move(*bpe), folder);
}

protocol::Expected<Tokenizer> Tokenizer::of(const models::TextComponent& text) {
    return text.tokenizerFolder.empty() ? make(text.tokenizer, Bpe::clip(), {}) : load(text.tokenizerFolder);
}

/// `folder` is named in errors.
protocol::Expected<Tokenizer> Tokenizer::make(const models::TokenizerConfig& config, Bpe bpe,
                                              const std::filesystem::path& folder) {
    auto impl = std::make_unique<Impl>();
    impl->maxLength = static_cast<std::size_t>(config.maxLength);
    const std::pair<const models::SpecialToken&, std::int32_t&> roles[] = {{config.bos, impl->bos},
                                                                           {config.eos, impl->eos},
                                                                           {config.unknown, impl->unknown},
                                                                           {config.pad, impl->pad}};
    const auto seek = [&impl](const models::SpecialToken& token, std::int32_t id) {
        if (token.normalized) {
            impl->normalized.push_back({prompt::normalized(text::toValidUtf8(token.text)).text, id});
        } else {
            impl->typed.push_back({token.text, id});
        }
    };
    for (const models::AddedToken& added : config.added) {
        seek(added.token, added.id);
    }
    for (const auto& [token, place] : roles) {
        const auto added = std::find_if(config.added.begin(), config.added.end(),
                                        [&](const auto& each) { return each.token.text == token.text; });
        const bool isAdded = added != config.added.end();
        const auto id = isAdded ? std::optional(added->id) : bpe.idOf(token.text);
        if (!id) {
            return tl::unexpected(models::modelProblem(
                folder, "The special token \"" + token.text + "\" is not in the vocabulary."));
        }
        place = *id;
        if (!isAdded) {
            seek(token, *id);
        }
    }
    std::int32_t next = static_cast<std::int32_t>(bpe.size());
    for (const models::AddedToken& added : config.added) {
        next = std::max(next, added.id + 1);
    }
    for (const models::SpecialToken& token : config.extra) {
        const auto has = [&token](const auto& other) { return other.text == token.text; };
        const bool isKnown = std::any_of(impl->typed.begin(), impl->typed.end(), has) ||
                             std::any_of(impl->normalized.begin(), impl->normalized.end(), has);
        if (!isKnown) {
            const auto id = bpe.idOf(token.text);
            seek(token, id ? *id : next++);
        }
    }
    impl->bpe = std::move(bpe);
    return Tokenizer(std::move(impl));
}

Tokenizer::Tokenizer(std::unique_ptr<const Impl> impl) : m_impl(std::move(impl)) {}
Tokenizer::~Tokenizer() = default;
Tokenizer::Tokenizer(Tokenizer&& other) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&& other) noexcept = default;

std::vector<Token> Tokenizer::tokensOf(std::string_view text) const {
    std::vector<Token> tokens;
    const auto addSpecial = [&](const Special& special, std::size_t begin) {
        tokens.push_back({special.id, true, begin, begin + special.text.size()});
    };
    const auto addPart = [&](std::string_view part, std::size_t begin) {
        m_impl->addPart(part, begin, tokens);
    };
    split(text::toValidUtf8(text), m_impl->typed, addSpecial, addPart);
    return tokens;
}

std::size_t Tokenizer::room() const {
    return m_impl->maxLength - 2;
}

std::int32_t Tokenizer::eos() const {
    return m_impl->eos;
}

std::vector<std::int32_t> Tokenizer::framed(std::span<const std::int32_t> ids) const {
    std::vector<std::int32_t> all{m_impl->bos};
    all.insert(all.end(), ids.begin(),
               ids.begin() + static_cast<std::ptrdiff_t>(std::min(ids.size(), room())));
    all.push_back(m_impl->eos);
    all.resize(m_impl->maxLength, m_impl->pad);
    return all;
}

}  // namespace easel::prompt
