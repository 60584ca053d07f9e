// SPDX-License-Identifier: Apache-2.0
#include "server/commands/worker_libraries.h"

#include <cstdlib>
#include <utility>

#include "server/commands/locations.h"
#include "server/generator/child_process.h"
#include "server/generator/nvidia.h"
#include "server/libtorch/loader.h"
#include "server/libtorch/place.h"

namespace easel::commands {

namespace {

std::string variable(const char* name) {
    const char* const value = std::getenv(name);
    return value != nullptr ? value : "";
}

}  // namespace

std::vector<std::filesystem::path> libtorchFolders() {
    std::vector<std::filesystem::path> folders;
    if (const auto data = dataFolder(); !data.empty()) {
        folders.push_back(data.parent_path() / "libtorch");
    }
    folders.emplace_back(kSystemLibtorch);
    return folders;
}

protocol::Expected<std::vector<std::string>> WorkerLibraries::forNextStart() {
    m_inUse.reset();
    const std::string given = variable("EASEL_LIBTORCH");
    if (given.empty() && !libtorch::misses(m_worker, libtorch::kMainLibrary, generator::childEnvironment())) {
        return {};
    }
    const auto place = libtorch::find(
        {.given = given, .folders = libtorchFolders(), .hasDriver = generator::findNvidia().isReachable});
    if (!place) {
        return tl::unexpected(place.error());
    }
    if (place->libraries.native().find_first_of(":;") != std::string::npos) {
        return tl::unexpected(protocol::invalidField(
            "EASEL_LIBTORCH",
            "libtorch lies in " + place->libraries.string() +
                ", and the system's loader takes no folder with a colon or semicolon in its name. "
                "Put it elsewhere, and name that folder in EASEL_LIBTORCH."));
    }
    if (!place->mark.empty()) {
        m_inUse = hub::FileLock::share(place->mark);
    }
    const std::string others = variable("LD_LIBRARY_PATH");
    return std::vector{"LD_LIBRARY_PATH=" + place->libraries.string() + (others.empty() ? "" : ":" + others)};
}

}  // namespace easel::commands
