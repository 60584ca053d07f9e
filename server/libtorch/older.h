// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace easel::libtorch {

/// What became of the older ones, by their names.
struct Older {
    std::vector<std::string> removed;
    std::vector<std::string> kept;  ///< they are in use
};

/// Takes away what setups of other versions have put, or begun to put, into `into`: folders that are named
/// after a list (isListName), but for those in `current`.
Older removeOlder(const std::filesystem::path& into, const std::vector<std::string>& current);

}  // namespace easel::libtorch
