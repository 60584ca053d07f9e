// SPDX-License-Identifier: Apache-2.0
#include "server/models/tokenizer_config.h"

#include <optional>
#include <system_error>
#include <utility>

#include "server/models/json_object.h"

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

void readTokens(JsonObject& json, TokenizerConfig& config) {
    readToken(json, "bos_token", config.bos);
    readToken(json, "eos_token", config.eos);
    readToken(json, "unk_token", config.unknown);
    readToken(json, "pad_token", config.pad);
}

/// Roles may share one token: what is said of it last counts for all of them.
void agree(TokenizerConfig& config, JsonObject* json) {
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
    const auto added = json ? json->object("added_tokens_decoder") : std::nullopt;
    for (const std::string& id : added ? added->keys() : std::vector<std::string>()) {
        if (auto token = added->object(id)) {
            setAll(token->text("content", ""), token->boolean("normalized", false));
        }
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

}  // namespace

protocol::Expected<TokenizerConfig> readTokenizerConfig(const std::filesystem::path& folder) {
    TokenizerConfig config;
    auto main = readIfThere(folder / "tokenizer_config.json");
    if (!main) {
        return tl::unexpected(std::move(main.error()));
    }
    auto map = readIfThere(folder / "special_tokens_map.json");
    if (!map) {
        return tl::unexpected(std::move(map.error()));
    }
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
    }
    if (map->has_value()) {
        readTokens(**map, config);
        if ((*map)->problem()) {
            return tl::unexpected(*(*map)->problem());
        }
    }
    agree(config, main->has_value() ? &**main : nullptr);
    return config;
}

}  // namespace easel::models
