// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>

#include <tl/expected.hpp>

#include "server/commands/bench_client.h"
#include "server/commands/locations.h"

namespace easel::commands {

/// An `easel-server serve` of one's own, with data that go with it.
class BenchServer {
public:
    /// Starts it and waits until it listens. Errors are sentences.
    static tl::expected<std::unique_ptr<BenchServer>, std::string> start(const Drawing& drawing);
    ~BenchServer();
    BenchServer(const BenchServer&) = delete;
    BenchServer& operator=(const BenchServer&) = delete;

    const ServerAddress& address() const { return m_address; }

private:
    BenchServer() = default;

    std::filesystem::path m_folder;
    pid_t m_pid = -1;
    ServerAddress m_address;
};

}  // namespace easel::commands
