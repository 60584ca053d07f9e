// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace easel::libtorch {

/// Whether `program` needs the shared object `library` and the system's loader would not find it: by the
/// program's own run path, the system's folders or the variables in `environment`. Asks the loader, which
/// starts nothing of the program; false where it cannot be asked. Blocks for some milliseconds.
bool misses(const std::filesystem::path& program, const std::string& library,
            std::vector<std::string> environment);

}  // namespace easel::libtorch
