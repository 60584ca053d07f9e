// SPDX-License-Identifier: Apache-2.0
#include "server/libtorch/older.h"

#include <algorithm>
#include <string_view>
#include <system_error>

#include "server/hub/file_lock.h"
#include "server/libtorch/pins.h"
#include "server/libtorch/place.h"

namespace easel::libtorch {

namespace {

using std::filesystem::path;

std::vector<path> foldersOfOthers(const path& into, const std::vector<std::string>& current) {
    constexpr std::string_view kUnfinished = ".part";
    std::vector<path> folders;
    std::error_code error;
    for (std::filesystem::directory_iterator it(into, error), end; !error && it != end; it.increment(error)) {
        std::string name = it->path().filename().string();
        if (name.ends_with(kUnfinished)) {
            name.resize(name.size() - kUnfinished.size());
        }
        std::error_code ignored;
        const bool isFolder = std::filesystem::is_directory(it->symlink_status(ignored));
        if (isFolder && isListName(name) && std::ranges::find(current, name) == current.end()) {
            folders.push_back(it->path());
        }
    }
    return folders;
}

}  // namespace

Older removeOlder(const path& into, const std::vector<std::string>& current) {
    Older older;
    for (const path& folder : foldersOfOthers(into, current)) {
        std::error_code error;
        const path mark = folder / kComplete;
        const auto lock = hub::FileLock::take(mark);
        if (!lock && std::filesystem::exists(mark, error)) {
            older.kept.push_back(folder.filename().string());
            continue;
        }
        std::filesystem::remove(mark, error);  // nobody finds it from here on
        std::filesystem::remove_all(folder, error);
        (error ? older.kept : older.removed).push_back(folder.filename().string());
    }
    return older;
}

}  // namespace easel::libtorch
