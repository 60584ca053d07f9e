// SPDX-License-Identifier: Apache-2.0
#include "server/http/descriptors.h"

#include <sys/resource.h>

#include <algorithm>
#include <utility>

namespace easel::http {

namespace {

/// For standard streams, log, data base, pictures being written, worker, signals and the event loop; about 25
/// are in use at most.
constexpr std::size_t kReserve = 48;
constexpr std::size_t kFewest = 4;
constexpr std::size_t kMost = 1024;

}  // namespace

std::size_t raiseDescriptorLimit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return 0;
    }
    const rlim_t before = std::exchange(limit.rlim_cur, limit.rlim_max);
    return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_max : before;
}

std::size_t connectionsWithin(std::size_t descriptors) {
    // Two for each, and another quarter for the surplus.
    const std::size_t rest = descriptors - std::min(descriptors, kReserve);
    return std::clamp(rest * 4 / 9, kFewest, kMost);
}

std::size_t surplusOf(std::size_t connections) {
    constexpr std::size_t kMostSurplus = 32;
    return std::min(connections / 4, kMostSurplus - 1) + 1;
}

}  // namespace easel::http
