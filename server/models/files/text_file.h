// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "shared/protocol/problem.h"

namespace easel::models {

/// No text that a model brings is longer.
inline constexpr std::size_t kMostTextBytes = std::size_t{16} << 20;

/// The whole of a model's small text file; one of more than `maxBytes` is refused.
protocol::Expected<std::string> readTextFile(const std::filesystem::path& file,
                                             std::size_t maxBytes = kMostTextBytes);

}  // namespace easel::models
