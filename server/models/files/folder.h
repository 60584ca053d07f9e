// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <vector>

namespace easel::models {

/// What `folder` holds, by name; nothing where it cannot be read.
std::vector<std::filesystem::path> inside(const std::filesystem::path& folder);

}  // namespace easel::models
