// SPDX-License-Identifier: Apache-2.0
#include "server/models/files/folder.h"

#include <algorithm>
#include <system_error>

namespace easel::models {

std::vector<std::filesystem::path> inside(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> all;
    std::error_code error;
    for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end;
         it.increment(error)) {
        all.push_back(it->path());
    }
    std::ranges::sort(all);
    return all;
}

}  // namespace easel::models
