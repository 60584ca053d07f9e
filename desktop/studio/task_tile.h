// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "desktop/gallery/pending_tile.h"

namespace easel::studio {

class Task;

/// How a task looks in the grid, and in what words. `queuePaused`: its server starts nothing now.
gallery::PendingTile describe(const Task& task, bool queuePaused);

}  // namespace easel::studio
