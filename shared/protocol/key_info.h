// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/protocol/problem.h"

namespace easel::protocol {

/// What a key allows. Generate: to have pictures drawn, and to see and change its own jobs. Admin: that, and
/// everybody's jobs, the queue, models, devices and keys.
enum class KeyScope { Generate, Admin };

std::string_view toString(KeyScope scope);
std::optional<KeyScope> keyScopeFrom(std::string_view name);

/// Most jobs that a key's limit may let it hand in a minute.
inline constexpr int kMaxJobsPerMinute = 10'000;

/// A key as it is told to people and programs; never its secret, but for the one time when it is made.
struct KeyInfo {
    std::string id;  ///< empty: who asks needs no key, and has none
    std::string name;
    KeyScope scope = KeyScope::Generate;
    std::optional<int> jobsPerMinute;        ///< it may hand in so many; absent: no limit
    std::int64_t createdAt = 0;              ///< milliseconds since 1970 UTC
    std::optional<std::int64_t> lastUsedAt;  ///< to about a minute
    std::optional<std::int64_t> revokedAt;
    std::optional<std::string> secret;  ///< in the answer to its making alone
    bool isSession = false;             ///< in the answer to who asks: by a login on the page

    bool operator==(const KeyInfo&) const = default;
};

/// A key to be made.
struct KeyRequest {
    std::string name;
    KeyScope scope = KeyScope::Generate;
    std::optional<int> jobsPerMinute = {};
};

/// What a device brings for a key of its own.
struct PairingRequest {
    std::string ticket;
    std::string name;  ///< of the device
};

/// The code that a device is given, for programs.
struct PairingCode {
    std::string link;  ///< easel://…, which holds the rest and a ticket
    std::string url;
    std::string fingerprint;  ///< of the server's own certificate; empty: it has none
};

/// The key that it gets.
struct PairedKey {
    std::string secret;
    std::string id;
    std::string name;
    KeyScope scope = KeyScope::Generate;
};

std::string toJson(const PairedKey& key);
std::string toJson(const PairingCode& code);
/// Unknown fields are refused.
Expected<PairingRequest> parsePairingRequest(std::string_view json);
std::string toJson(const KeyInfo& key);
std::string toJson(const std::vector<KeyInfo>& keys);
Expected<KeyInfo> parseKeyInfo(std::string_view json);
Expected<std::vector<KeyInfo>> parseKeyList(std::string_view json);
/// What a client asks for; unknown fields are refused.
Expected<KeyRequest> parseKeyRequest(std::string_view json);

}  // namespace easel::protocol
