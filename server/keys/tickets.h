// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "shared/protocol/key_info.h"
#include "shared/protocol/problem.h"
#include "shared/protocol/timestamp.h"

namespace easel::keys {

/// Invitations that are good once, for a while: whoever brings one is given a key of its own. Each is a file,
/// named after the ticket's hash, so that the command line makes what a running server takes; whoever removes
/// the file has used it. From any thread and process.
class Tickets {
public:
    static constexpr std::chrono::minutes kLifetime{10};

    explicit Tickets(std::filesystem::path folder,
                     std::function<std::int64_t()> now = protocol::millisecondsNow)
        : m_folder(std::move(folder)), m_now(std::move(now)) {}

    /// A new one, 128 random bits as base64url, for a key with this scope. Errors: noSpace, internalError;
    /// 409 when a hundred wait to be used.
    protocol::Expected<std::string> issue(protocol::KeyScope scope,
                                          std::chrono::milliseconds lifetime = kLifetime) const;
    /// The scope of the key that it is good for; it is used up then. Errors: 410.
    protocol::Expected<protocol::KeyScope> redeem(std::string_view ticket) const;

private:
    std::size_t removeExpired() const;

    std::filesystem::path m_folder;
    std::function<std::int64_t()> m_now;
};

}  // namespace easel::keys
