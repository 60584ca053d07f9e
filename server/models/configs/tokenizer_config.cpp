// SPDX-License-Identifier: Apache-2.0
#include "server/models/configs/tokenizer_config.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <utility>

#include "server/models/files/json_object.h"

namespace easel::models {

namespace {

/// A special token is written as its text, or as an object that tells more about it.
void readToken(JsonObject& json, const char* key, SpecialToken& token) {
    if (auto object = json.object(key)) {
        token.text = object->text("content", token.text);
        token.normalized = object->boolean("normalized", false);
        if (object->problem()) {
            json.refuse(key, "is not understood");
        }
    } else if (json.has(key)) {
        token = {json.text(key, token.text)};
    }
    if (token.text.empty()) {
        json.refuse(key, "must not be empty");
    }
}

/// Further tokens, in lists of two names that transformers has had for them.
void readExtraTokens(JsonObject& json, TokenizerConfig& config) {
    const auto add = [&config](JsonObject& holder, const char* key) {
        SpecialToken token{"?"};
        readToken(holder, key, token);
        if (std::find(config.extra.begin(), config.extra.end(), token) == config.extra.end()) {
            config.extra.push_back(std::move(token));
        }
    };
    for (const char* const key : {"sep_token", "cls_token", "mask_token"}) {
        if (json.has(key)) {
            add(json, key);
        }
    }
    for (const char* const key : {"additional_special_tokens", "extra_special_tokens"}) {
        for (JsonObject& element : json.each(key, "token")) {
            add(element, "token");
            if (element.problem()) {
                json.refuse(key, "is not understood");
            }
        }
    }
}

void readTokens(JsonObject& json, TokenizerConfig& config) {
    readToken(json, "bos_token", config.bos);
    readToken(json, "eos_token", config.eos);
    readToken(json, "unk_token", config.unknown);
    readToken(json, "pad_token", config.pad);
    readExtraTokens(json, config);
}

constexpr int kMaxId = 1 << 24;

/// Adds `json`, which has the id `id`, to the tokens of `config`.
protocol::Expected<void> addToken(JsonObject& json, std::int32_t id, TokenizerConfig& config) {
    for (const char* const key : {"single_word", "lstrip", "rstrip"}) {
        json.require(key, false);
    }
    AddedToken added{{json.text("content", ""), json.boolean("normalized", false)}, id};
    if (added.token.text.empty()) {
        json.refuse("content", "must be the text of an added token");
    }
    if (json.problem()) {
        return tl::unexpected(*json.problem());
    }
    // Of two files that speak of one id or one text, the later is right.
    std::erase_if(config.added, [&added](const AddedToken& earlier) {
        return earlier.id == added.id || earlier.token.text == added.token.text;
    });
    config.added.push_back(std::move(added));
    return {};
}

/// Those of tokenizer_config.json: an object for each id.
protocol::Expected<void> readAddedTokensDecoder(JsonObject& json, TokenizerConfig& config) {
    const auto decoder = json.object("added_tokens_decoder");
    for (const std::string& key : decoder ? decoder->keys() : std::vector<std::string>()) {
        int id = -1;
        const char* const end = key.data() + key.size();
        const bool isNumber = std::from_chars(key.data(), end, id).ptr == end;
        auto token = decoder->object(key);
        if (!token || !isNumber || id < 0 || id >= kMaxId) {
            json.refuse("added_tokens_decoder", "has an entry that is not understood: " + key);
            return tl::unexpected(*json.problem());
        }
        if (auto read = addToken(*token, id, config); !read) {
            return read;
        }
    }
    return {};
}

/// Those of added_tokens.json, as transformers before 4.34 wrote it: the id of each text. Only those that
/// have a role are sought as they were typed.
protocol::Expected<void> readOldAddedTokens(const std::filesystem::path& file, TokenizerConfig& config) {
    auto json = JsonObject::read(file);
    if (!json) {
        return tl::unexpected(json.error());
    }
    std::set<std::string> special;
    for (const SpecialToken& role : {config.bos, config.eos, config.unknown, config.pad}) {
        special.insert(role.text);
    }
    for (const std::string& text : json->keys()) {
        const int id = json->integer(text, -1, 0, kMaxId - 1);
        if (text.empty() || id < 0) {
            json->refuse(text, "is not the id of a token");
            return tl::unexpected(*json->problem());
        }
        config.added.push_back({{text, !special.contains(text)}, id});
    }
    return {};
}

/// Those of tokenizer.json: a list.
protocol::Expected<void> readAddedTokens(const std::filesystem::path& file, TokenizerConfig& config) {
    auto json = JsonObject::read(file);
    if (!json) {
        return tl::unexpected(json.error());
    }
    auto tokens = json->objects("added_tokens");
    if (json->problem()) {
        return tl::unexpected(*json->problem());
    }
    for (JsonObject& token : tokens) {
        const int id = token.integer("id", 0, 0, kMaxId - 1);
        if (auto read = addToken(token, id, config); !read) {
            return read;
        }
    }
    return {};
}

/// Roles may share one token: what is said of it last counts for all of them.
void agree(TokenizerConfig& config) {
    SpecialToken* const roles[] = {&config.bos, &config.eos, &config.unknown, &config.pad};
    const auto setAll = [&roles](const std::string& text, bool normalized) {
        for (SpecialToken* const role : roles) {
            if (role->text == text) {
                role->normalized = normalized;
            }
        }
    };
    for (const auto& [text, normalized] : {config.bos, config.eos, config.unknown, config.pad}) {
        setAll(text, normalized);
    }
    for (const AddedToken& added : config.added) {
        setAll(added.token.text, added.token.normalized);
    }
}

/// A file that may be absent.
protocol::Expected<std::optional<JsonObject>> readIfThere(const std::filesystem::path& file) {
    std::error_code error;
    if (!std::filesystem::exists(file, error)) {
        return std::nullopt;
    }
    auto json = JsonObject::read(file);
    if (!json) {
        return tl::unexpected(std::move(json.error()));
    }
    return std::optional(std::move(*json));
}

protocol::Expected<void> readOlderFiles(const std::filesystem::path& folder, TokenizerConfig& config) {
    auto map = readIfThere(folder / "special_tokens_map.json");
    if (!map) {
        return tl::unexpected(std::move(map.error()));
    }
    if (map->has_value()) {
        readTokens(**map, config);
        if ((*map)->problem()) {
            return tl::unexpected(*(*map)->problem());
        }
    }
    std::error_code error;
    if (const auto old = folder / "added_tokens.json"; std::filesystem::exists(old, error)) {
        if (auto read = readOldAddedTokens(old, config); !read) {
            return read;
        }
    }
    return hasVocabularyInTokenizerJson(folder) ? readAddedTokens(folder / "tokenizer.json", config)
                                                : protocol::Expected<void>();
}

}  // namespace

protocol::Expected<TokenizerConfig> readTokenizerConfig(const std::filesystem::path& folder) {
    TokenizerConfig config;
    auto main = readIfThere(folder / "tokenizer_config.json");
    if (!main) {
        return tl::unexpected(std::move(main.error()));
    }
    bool saysAll = false;
    if (JsonObject* const json = main->has_value() ? &**main : nullptr) {
        readTokens(*json, config);
        // A length that nobody set is written as 10^30.
        constexpr double kUnset = 1e9;
        if (json->number("model_max_length", kUnset) < kUnset) {
            config.maxLength = json->integer("model_max_length", config.maxLength, 3);
        }
        if (json->problem()) {
            return tl::unexpected(*json->problem());
        }
        saysAll = json->has("added_tokens_decoder");
        if (const auto read = readAddedTokensDecoder(*json, config); !read) {
            return tl::unexpected(read.error());
        }
    }
    if (const auto read = saysAll ? protocol::Expected<void>() : readOlderFiles(folder, config); !read) {
        return tl::unexpected(read.error());
    }
    agree(config);
    return config;
}

bool hasVocabularyInTokenizerJson(const std::filesystem::path& folder) {
    std::error_code error;
    return std::filesystem::exists(folder / "tokenizer.json", error);
}

}  // namespace easel::models
