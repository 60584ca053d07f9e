// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "server/models/files/safetensors.h"

namespace easel::models {

/// Appends to `out` what transformers has for `tensor` of a text encoder that OpenCLIP wrote, whose name
/// there is `name`: one tensor, three for queries, keys and values in one, or nothing for what is no weight.
/// Blocks from `layers` on are left out, for Stable Diffusion 2 never reads its encoder's last one.
void addFromOpenClip(const TensorEntry& tensor, std::string_view name, int layers,
                     std::vector<TensorEntry>& out);

}  // namespace easel::models
