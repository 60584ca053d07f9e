// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "desktop/gallery/pending_tile.h"
#include "shared/protocol/pull_info.h"

namespace easel::studio {

class Task;

/// What a task's tile tells of its server, beside the job.
struct ServerNow {
    bool isQueuePaused = false;                   ///< it starts nothing now
    bool mayPull = false;                         ///< it fetches a model when this computer asks for it
    std::optional<protocol::PullInfo> pull = {};  ///< of the task's model, the latest
};

/// How a task looks in the grid, and in what words.
gallery::PendingTile describe(const Task& task, const ServerNow& server);

}  // namespace easel::studio
