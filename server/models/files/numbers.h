// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "server/models/files/safetensors.h"

namespace easel::models {

/// The numbers of a small tensor, its scale applied; empty unless they are of a floating-point kind that
/// weights come in, and for a tensor of more than a megabyte.
std::optional<std::vector<float>> numbersOf(const TensorEntry& tensor);

}  // namespace easel::models
