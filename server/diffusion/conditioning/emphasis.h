// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <span>

namespace easel::diffusion {

/// The features of a chunk [T, D], each token's times its weight; then all so much smaller or larger that
/// their mean is what it was, where `keepsMean`.
at::Tensor emphasized(const at::Tensor& features, std::span<const float> weights, bool keepsMean);

}  // namespace easel::diffusion
