// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "shared/protocol/problem.h"

namespace easel::models {

/// The whole of a model's small text file; one of more than `maxBytes` is refused.
protocol::Expected<std::string> readTextFile(const std::filesystem::path& file,
                                             std::size_t maxBytes = std::size_t{16} << 20);

}  // namespace easel::models
