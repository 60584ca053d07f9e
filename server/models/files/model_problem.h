// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "shared/protocol/problem.h"

namespace easel::models {

/// A model's `file` cannot be used; `what` says why, and what to do where that is known.
protocol::Problem modelProblem(const std::filesystem::path& file, const std::string& what);

}  // namespace easel::models
