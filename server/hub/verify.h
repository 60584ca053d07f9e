// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "server/hub/cache.h"

namespace easel::hub {

struct Verification {
    int files = 0;
    std::int64_t bytes = 0;
    std::vector<std::string> wrong;  ///< a sentence each
};

/// Holds every blob of the model's snapshots against its name, which is its hash. `onBytes` is told what has
/// been read since.
Verification verify(const CachedRepository& cache, const std::function<void(std::int64_t)>& onBytes,
                    const std::stop_token& stop);

}  // namespace easel::hub
