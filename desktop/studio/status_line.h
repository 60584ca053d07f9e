// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>

#include <vector>

#include "desktop/gallery/pending_tile.h"

namespace easel::studio {

/// One line: "2 waiting · 1 running: step 12 of 30, 6 s left"; empty when nothing is under way.
/// `queuePaused`: the server starts nothing now.
QString statusLine(const std::vector<gallery::PendingTile>& tiles, bool queuePaused);

}  // namespace easel::studio
