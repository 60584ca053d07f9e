// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "server/commands/locations.h"

namespace CLI {
class App;
}

namespace easel::commands {

/// The options that say what draws. A server may draw on several devices, and without a model.
void addDrawing(CLI::App& command, Drawing& drawing, bool forServer);

/// The option for folders of what can be added to models; `more` ends its help.
void addAddons(CLI::App& command, std::vector<std::filesystem::path>& addons, const std::string& more);

}  // namespace easel::commands
