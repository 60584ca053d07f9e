// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

#include "server/models/lora/lora_file.h"

namespace easel::diffusion {

/// A tensor of a LoRA in single precision; undefined where the module has none.
using LoraNumbers = std::function<at::Tensor(models::LoraRole role)>;

/// What `module` adds to `weight` [out, in] or [out, in, height, width] float32 at full strength, of the same
/// shape; undefined where it changes the bias alone.
at::Tensor loraChange(const models::LoraModule& module, const LoraNumbers& numbers, const at::Tensor& weight);

}  // namespace easel::diffusion
