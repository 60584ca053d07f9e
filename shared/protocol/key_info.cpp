// SPDX-License-Identifier: Apache-2.0
#include "shared/protocol/key_info.h"

#include <array>
#include <cstddef>
#include <utility>

#include <nlohmann/json.hpp>

#include "shared/protocol/enum_names.h"
#include "shared/protocol/json_parts.h"
#include "shared/protocol/json_reader.h"
#include "shared/protocol/strict_json.h"
#include "shared/protocol/timestamp.h"

namespace easel::protocol {

namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 2> kScopes{"generate", "admin"};

json write(const KeyInfo& key) {
    const bool isKey = !key.id.empty();
    json value = {{"id", isKey ? json(key.id) : json(nullptr)},
                  {"name", isKey ? json(key.name) : json(nullptr)},
                  {"scope", toString(key.scope)},
                  {"jobs_per_minute", orNull(key.jobsPerMinute)},
                  {"created_at", isKey ? json(formatTimestamp(key.createdAt)) : json(nullptr)},
                  {"last_used_at", writeTime(key.lastUsedAt)},
                  {"session", key.isSession}};
    if (key.revokedAt) {
        value["revoked_at"] = formatTimestamp(*key.revokedAt);
    }
    if (key.secret) {
        value["secret"] = *key.secret;
    }
    return value;
}

Expected<KeyScope> readScope(const json& value) {
    const auto scope = value.is_string() ? keyScopeFrom(value.get<std::string>()) : std::nullopt;
    if (!scope) {
        return tl::unexpected(invalidField("scope", "scope must be \"generate\" or \"admin\"."));
    }
    return *scope;
}

Expected<KeyInfo> readKey(const json& value) {
    Reader reader(value, "The key");
    KeyInfo key;
    reader.read("id", key.id);
    reader.read("name", key.name);
    reader.read("scope", key.scope, readScope);
    reader.read("jobs_per_minute", key.jobsPerMinute);
    reader.read("created_at", key.createdAt, timeItem);
    reader.read("last_used_at", key.lastUsedAt, timeItem);
    reader.read("revoked_at", key.revokedAt, timeItem);
    reader.read("secret", key.secret);
    reader.read("session", key.isSession);
    return reader.finish(std::move(key));
}

}  // namespace

std::string_view toString(KeyScope scope) {
    return kScopes[static_cast<std::size_t>(scope)];
}

std::optional<KeyScope> keyScopeFrom(std::string_view name) {
    return valueNamed<KeyScope>(kScopes, name);
}

std::string toJson(const KeyInfo& key) {
    return text(write(key));
}

std::string toJson(const std::vector<KeyInfo>& keys) {
    json list = json::array();
    for (const KeyInfo& key : keys) {
        list.push_back(write(key));
    }
    return text({{"keys", std::move(list)}});
}

Expected<KeyInfo> parseKeyInfo(std::string_view body) {
    return parseStrict(body).and_then(readKey);
}

Expected<std::vector<KeyInfo>> parseKeyList(std::string_view body) {
    return parseStrict(body).and_then([](const json& value) {
        Reader reader(value, "The list of keys");
        std::vector<KeyInfo> keys;
        reader.readList("keys", keys, readKey);
        return reader.finish(std::move(keys));
    });
}

std::string toJson(const PairedKey& key) {
    return text({{"key", key.secret}, {"id", key.id}, {"name", key.name}, {"scope", toString(key.scope)}});
}

std::string toJson(const PairingCode& code) {
    return text({{"link", code.link}, {"url", code.url}, {"fingerprint", code.fingerprint}});
}

Expected<PairingRequest> parsePairingRequest(std::string_view body) {
    return parseStrict(body).and_then([](const json& value) -> Expected<PairingRequest> {
        Reader reader(value, "The request");
        PairingRequest request;
        reader.refuseOthers({"ticket", "name"});
        reader.read("ticket", request.ticket);
        reader.read("name", request.name);
        if (request.ticket.empty()) {
            reader.fail(invalidField("ticket", "Say the ticket of the pairing code."));
        }
        if (request.name.empty()) {
            reader.fail(invalidField("name", "Say what the device is called."));
        }
        return reader.finish(std::move(request));
    });
}

Expected<KeyRequest> parseKeyRequest(std::string_view body) {
    return parseStrict(body).and_then([](const json& value) {
        Reader reader(value, "The key");
        KeyRequest request;
        reader.refuseOthers({"name", "scope", "jobs_per_minute"});
        reader.read("name", request.name);
        reader.read("scope", request.scope, readScope);
        reader.read("jobs_per_minute", request.jobsPerMinute);
        if (const int rate = request.jobsPerMinute.value_or(1); rate < 1 || rate > kMaxJobsPerMinute) {
            reader.fail(invalidField("jobs_per_minute", "jobs_per_minute must be between 1 and " +
                                                            std::to_string(kMaxJobsPerMinute) + "."));
        }
        return reader.finish(std::move(request));
    });
}

}  // namespace easel::protocol
