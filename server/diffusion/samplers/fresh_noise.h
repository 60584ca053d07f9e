// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

namespace easel::diffusion {

/// Normal noise like `latents` [1, C, H, W] float32. It is drawn on the CPU from the picture's own generator,
/// so that a seed means the same picture on any device, alone and in company.
at::Tensor freshNoise(const at::Tensor& latents, const at::Generator& generator);

/// A step that goes further down than the next level, and back up to it with fresh noise.
struct AncestralStep {
    float down;  ///< the level that is gone to
    float up;    ///< deviation of the noise that is added there
};
/// From level `from` to `to`; `eta` scales the noise, 0 to 1.
AncestralStep ancestralStep(float from, float to, double eta);

}  // namespace easel::diffusion
