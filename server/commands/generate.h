// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <vector>

#include "server/commands/locations.h"
#include "shared/protocol/generation.h"

namespace easel::commands {

struct GenerateOptions {
    protocol::GenerationRequest request;
    Drawing drawing;
    std::vector<std::filesystem::path> addons;  ///< folders of what can be added to models
    std::filesystem::path output;               ///< empty: a name made of the time, in the current folder
};

/// Draws into PNG files with a worker of its own and prints each file, its seed and its time. Ctrl-C
/// cancels. Answers the exit status.
int generate(GenerateOptions options);

}  // namespace easel::commands
