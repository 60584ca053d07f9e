// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <vector>

#include "shared/protocol/generation.h"

namespace easel::diffusion {

/// What image `index` draws its noise from: always on the CPU, always in single precision.
at::Generator generatorOf(const protocol::GenerationSettings& settings, int index);

/// The noise of image `index` in `shape` [1, C, H, W], next from its `generator`; where variations are asked
/// for, so far on the way to its variation seed's.
at::Tensor noiseOf(const protocol::GenerationSettings& settings, int index,
                   const std::vector<std::int64_t>& shape, const at::Generator& generator);

/// From noise `a` to noise `b` [1, C, H, W] by `share`, 0 to 1, on the arc between them, column by column, as
/// AUTOMATIC1111 mixes seeds: a straight way would pass through noise that is too weak.
at::Tensor betweenNoises(const at::Tensor& a, const at::Tensor& b, double share);

}  // namespace easel::diffusion
