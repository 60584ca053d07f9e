// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "server/hub/file_lock.h"
#include "shared/protocol/problem.h"

namespace easel::commands {

/// Where this machine's libtorch is looked for, and put by `setup` first: the user's folder, then the
/// packages'.
std::vector<std::filesystem::path> libtorchFolders();

/// Sees to it that a worker finds libtorch. One that is installed has no run path to it; one in a build tree
/// has, and is left its own, for the folder that is named in the environment would come before it. For one
/// thread.
class WorkerLibraries {
public:
    explicit WorkerLibraries(std::filesystem::path worker) : m_worker(std::move(worker)) {}

    /// Variables for the next worker's start. Looks anew each time, and keeps `setup` from taking away what
    /// it found until it is asked again. EASEL_LIBTORCH names a libtorch that comes before all others.
    /// Errors: there is none.
    protocol::Expected<std::vector<std::string>> forNextStart();

private:
    const std::filesystem::path m_worker;
    std::optional<hub::FileLock> m_inUse;
};

}  // namespace easel::commands
