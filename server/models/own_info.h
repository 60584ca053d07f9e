// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "shared/protocol/problem.h"
#include "shared/protocol/server_info.h"

namespace easel::models {

/// Reads easel.json, what a model's maker tells Easel about it, into `info`. Every key may be absent. Errors
/// name the file and key.
protocol::Expected<void> readOwnInfo(const std::filesystem::path& file, protocol::ModelInfo& info);

}  // namespace easel::models
