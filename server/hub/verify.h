// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "server/hub/cache.h"
#include "shared/protocol/problem.h"
#include "shared/protocol/pull_info.h"

namespace easel::hub {

struct Verification {
    int files = 0;
    std::int64_t bytes = 0;
    std::vector<std::string> wrong;  ///< a sentence each
};

/// Holds every blob of the model's snapshots against its name, which is its hash. `onProgress` is told
/// about four times a second, and after each file.
Verification verify(const CachedRepository& cache,
                    const std::function<void(const protocol::PullProgress&)>& onProgress,
                    const std::stop_token& stop);
/// 409 with all that is wrong and what to do; nothing when all is right.
std::optional<protocol::Problem> problemWith(const std::string& id, const Verification& result);

}  // namespace easel::hub
