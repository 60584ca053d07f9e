// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "shared/protocol/inspection.h"
#include "shared/protocol/problem.h"

namespace easel::models {

/// Looks at a safetensors file of any kind, or at a model's folder. Errors: it cannot even be told what it
/// is.
protocol::Expected<protocol::Inspection> inspect(const std::filesystem::path& place);

}  // namespace easel::models
