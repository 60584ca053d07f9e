// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "shared/protocol/generation.h"
#include "shared/protocol/job.h"
#include "shared/protocol/problem.h"
#include "shared/protocol/server_info.h"

namespace easel::commands {

/// Where a server is, from http://HOST[:PORT].
struct ServerAddress {
    std::string host;
    std::string port;
};

/// Nothing for what is no such address.
std::optional<ServerAddress> serverAddress(std::string_view url);

/// Asks an Easel server over HTTP, a connection at a time; every call blocks. `stop` ends what is waited for.
class BenchClient {
public:
    BenchClient(ServerAddress server, const std::atomic<bool>& stop)
        : m_server(std::move(server)), m_stop(stop) {}

    protocol::Expected<protocol::ServerInfo> server() const;
    protocol::Expected<protocol::ModelInfo> model(const std::string& id) const;

    /// Has `request` drawn, and waits while the queue is full; answers the job as it ended. `firstStep` is
    /// called when it makes its first step. A job that `stop` leaves behind is cancelled.
    protocol::Expected<protocol::Job> draw(const protocol::GenerationRequest& request,
                                           const std::function<void()>& firstStep) const;

private:
    struct Answer {
        int status = 0;
        std::string body;
        int retryAfter = 0;  // seconds; 0: it does not say
    };

    protocol::Expected<Answer> ask(const std::string& method, const std::string& target,
                                   const std::string& body = {}) const;
    protocol::Expected<protocol::Job> handIn(const protocol::GenerationRequest& request) const;
    protocol::Expected<protocol::Job> follow(const std::string& id,
                                             const std::function<void()>& firstStep) const;

    const ServerAddress m_server;
    const std::atomic<bool>& m_stop;
};

}  // namespace easel::commands
