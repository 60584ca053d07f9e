// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "server/diffusion/samplers/settings.h"

namespace easel::diffusion {

/// Stands for zero where a finite noise level is needed: the smallest number of half precision.
inline constexpr float kLeastAlpha = 0x1p-24F;

/// How much of the picture is left at each training timestep: the running product of alphas, from 1 (all
/// picture) down to 0 (all noise), one entry a timestep.
std::vector<float> alphasCumprod(const SamplerSettings& settings);

/// The same as noise per picture, sqrt((1 - a) / a), growing; the last is finite even when nothing is left.
std::vector<float> noiseLevels(const SamplerSettings& settings);

/// `picture` with so much `noise` on it that `alpha` of it is left, of alphasCumprod().
at::Tensor noisedAt(float alpha, const at::Tensor& picture, const at::Tensor& noise);

}  // namespace easel::diffusion
