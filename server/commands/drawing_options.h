// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "server/commands/locations.h"

namespace CLI {
class App;
}

namespace easel::commands {

/// The options that say what draws. A server may draw on several devices, and without a model.
void addDrawing(CLI::App& command, Drawing& drawing, bool forServer);

}  // namespace easel::commands
