// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/jobs/job_store.h"
#include "shared/protocol/job.h"

/// What the tests of stores put into them.
namespace easel::tests {

using namespace jobs;
using protocol::JobState;

inline protocol::ImageInfo image(int index, std::int64_t bytes = 1000) {
    protocol::ImageInfo info;
    info.note = "In tiles.";
    info.index = index;
    info.seed = 42 + index;
    info.width = 512;
    info.height = 768;
    info.bytes = bytes;
    return info;
}

inline Ending ending(JobState state, std::int64_t now, std::int64_t uptime,
                     const std::optional<protocol::Problem>& error = {}) {
    return {state, error, now, uptime, static_cast<std::uint64_t>(now)};
}

inline std::vector<std::string> ids(const std::vector<protocol::Job>& jobs) {
    std::vector<std::string> found;
    for (const auto& job : jobs) {
        found.push_back(job.id);
    }
    return found;
}

inline protocol::Job jobNamed(std::string id) {
    protocol::Job job;
    job.id = std::move(id);
    job.settings.model = "starter";
    job.settings.prompt = "a \"fox\" in the snow, 狐";
    job.settings.negativePrompt = "blurry";
    job.settings.guidance = 7.3;
    job.settings.sampler = "pndm";
    job.settings.seed = 9007199254740991;
    job.settings.count = 2;
    job.createdAt = 1'700'000'000'123;
    return job;
}

inline JobRecord recordOf(const protocol::Job& job, const std::optional<IdempotencyKey>& key = {}) {
    return {job, 0, key, "192.0.2.1", 0, 0};
}

using Ids = std::vector<std::string>;

inline const Lease kLease{"worker", std::chrono::seconds(60)};
inline const protocol::Hold kHold{protocol::HoldReason::ModelMissing, "The model \"x\" is not here.",
                                  "Bring it."};

}  // namespace easel::tests
