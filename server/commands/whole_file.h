// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string_view>

namespace easel::commands {

/// Writes a file that is there complete or not at all for whoever looks.
bool writeWhole(const std::filesystem::path& file, std::string_view bytes);

}  // namespace easel::commands
