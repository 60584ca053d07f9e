// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "server/commands/locations.h"

namespace easel::commands {

struct BenchOptions {
    std::string url;  ///< of a server; empty: one of its own, for as long as it takes
    Drawing drawing;  ///< of its own server
    int clients = 8;
    int requests = 40;
    std::uint32_t seed = 1;  ///< of what is asked for
    bool json = false;
};

/// Asks a server for the same pictures twice, by one client and by many at a time, and prints how long it
/// took. Answers the exit status.
int bench(BenchOptions options);

}  // namespace easel::commands
