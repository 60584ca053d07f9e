// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "server/doctor/finding.h"

/// Where a server would keep things, and find models.
namespace easel::commands {

/// Whether a server can keep jobs and pictures in `folder`; nothing is made or changed.
doctor::Finding judgeDataFolder(const std::filesystem::path& folder);
/// Whether there is more room for them than the `minFree` bytes that a server leaves.
doctor::Finding judgeDisk(const std::filesystem::path& folder, std::int64_t minFree);

/// The default model, and the others that a server would find: read as it would read them, down to the
/// headers of their weights.
struct JudgedModels {
    std::vector<doctor::Finding> findings;
    std::int64_t numbers = 0;  ///< that the weights of the default model have; 0: it cannot be used
};
JudgedModels judgeModels(const std::filesystem::path& model,
                         const std::vector<std::filesystem::path>& folders, const std::filesystem::path& hub);

}  // namespace easel::commands
