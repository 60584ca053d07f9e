// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "server/keys/secret.h"
#include "shared/protocol/key_info.h"

namespace easel::keys {

/// A key as it is kept: without its secret.
struct Key {
    std::string id;    ///< "k_…", never given twice
    std::string name;  ///< for people; no other living key has it
    protocol::KeyScope scope = protocol::KeyScope::Generate;
    std::optional<int> jobsPerMinute = {};  ///< see protocol::KeyInfo
    Hash hash{};
    std::int64_t createdAt = 0;  ///< milliseconds since 1970 UTC, as are the others
    std::optional<std::int64_t> lastUsedAt;
    std::optional<std::int64_t> revokedAt;

    bool isLiving() const { return !revokedAt; }
    protocol::KeyInfo info() const {
        return {id, name, scope, jobsPerMinute, createdAt, lastUsedAt, revokedAt, {}, false};
    }

    bool operator==(const Key&) const = default;
};

}  // namespace easel::keys
