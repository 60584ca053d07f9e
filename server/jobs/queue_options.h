// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "server/generator/generator.h"
#include "server/jobs/disk_room.h"
#include "server/jobs/input_store.h"
#include "server/jobs/job_store.h"
#include "shared/protocol/generation.h"
#include "shared/protocol/job.h"
#include "shared/protocol/server_info.h"
#include "shared/protocol/timestamp.h"

namespace easel::jobs {

/// What becomes of a job that was running when the last process ended.
enum class OnRestart { Retry, Hold };

struct QueueOptions {
    /// Of these maxQueued (a running job takes no place) and maxWork; without the latter it is about what
    /// the device does in an hour.
    protocol::Limits limits;
    double leastMaxWork = 0;  ///< megapixel-steps that an hour's work always allows
    int maxRetries = 2;       ///< how often a job runs again after what drew it was lost
    OnRestart onRestart = OnRestart::Retry;
    Retention retention;
    InputOptions inputs;
    DiskOptions disk;
    std::chrono::milliseconds sweepInterval{60'000};  ///< between two looks at what retention ended
    std::chrono::milliseconds lease{60'000};          ///< of a claim; renewed three times in it
    std::function<std::int64_t()> now = protocol::millisecondsNow;
    /// Why a job cannot be drawn as things are: it is held until that has changed. From the queue's thread;
    /// must not block.
    std::function<std::optional<protocol::Hold>(const protocol::GenerationSettings&)> obstacle;
    /// Troubles that no client can be told, one sentence each. From several threads, at once too, until the
    /// queue is gone; must not block.
    std::function<void(const std::string&)> log;
    /// The generator's status has changed. From any thread; must not block.
    std::function<void(const generator::Status&)> onGeneratorStatus;
};

}  // namespace easel::jobs
