// SPDX-License-Identifier: Apache-2.0
#include "server/commands/locations.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <initializer_list>
#include <system_error>
#include <utility>

namespace easel::commands {

namespace {

using std::filesystem::path;

path programFolder() {
    std::error_code ignored;  // Without /proc the relative places below are looked for from here.
    return std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
}

/// The first that exists, else the first.
path firstThatExists(std::initializer_list<path> candidates) {
    for (const path& candidate : candidates) {
        std::error_code ignored;
        if (std::filesystem::exists(candidate, ignored)) {
            return candidate.lexically_normal();
        }
    }
    return candidates.begin()->lexically_normal();
}

/// A service often has no HOME; its account may still have a folder.
path homeFolder() {
    if (const char* home = std::getenv("HOME"); home && *home) {
        return home;
    }
    const passwd* account = ::getpwuid(::geteuid());
    std::error_code ignored;
    const bool has = account && account->pw_dir && path(account->pw_dir).is_absolute() &&
                     std::filesystem::is_directory(account->pw_dir, ignored);
    return has ? path(account->pw_dir) : path();
}

}  // namespace

path findWorker() {
    const path here = programFolder();
    return firstThatExists({here / "easel-worker", here / "../worker/easel-worker"});
}

path findStarterModel() {
    return firstThatExists({programFolder() / "../share/easel/starter-model", EASEL_SOURCE_STARTER_MODEL});
}

path dataFolder() {
    const char* data = std::getenv("XDG_DATA_HOME");
    if (data && path(data).is_absolute()) {
        return path(data) / "easel" / "server";
    }
    const path home = homeFolder();
    return home.empty() ? path() : home / ".local" / "share" / "easel" / "server";
}

std::vector<std::string> devicesIn(const std::string& list) {
    std::vector<std::string> names;
    std::size_t begin = 0;
    for (std::size_t end = 0; end != std::string::npos; begin = end + 1) {
        end = list.find(',', begin);
        names.push_back(list.substr(begin, end - begin));
    }
    return names;
}

Drawing withDefaults(Drawing drawing) {
    if (drawing.model.empty()) {
        drawing.model = findStarterModel();
    }
    if (drawing.worker.empty()) {
        drawing.worker = findWorker();
    }
    return drawing;
}

}  // namespace easel::commands
