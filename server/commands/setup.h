// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "server/libtorch/pins.h"

namespace CLI {
class App;
}

namespace easel::commands {

struct SetupCommand {
    std::optional<libtorch::Kind> kind;  ///< nothing: by the driver
    std::optional<std::filesystem::path> from;
    std::string index;
    std::filesystem::path into;  ///< empty: where the server looks
    bool json = false;
    bool list = false;  ///< print the wheels, and do nothing
};

/// Declares `setup` and its options.
void addSetup(CLI::App& app, SetupCommand& command);
/// Brings libtorch to this machine. Says how far it is on a line of standard error; with `json` in a line on
/// standard output each time. Answers the exit status.
int setup(const SetupCommand& command);

}  // namespace easel::commands
