// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>

#include "server/diffusion/networks/layers.h"

namespace easel::diffusion {

/// Doubles the size of a map by repeating its numbers, and convolves that with a kernel of 3x3.
///
/// On the CPU it convolves first: each number of the result sees 2x2 different ones at most, some of them
/// twice, so that four kernels of 2x2, of which each makes a quarter of the result, do what that of 3x3 does,
/// with 4/9 of the products. What they are is added up once, in single precision.
struct Upsampler {
    Upsampler(const Weights& in, std::int64_t channels, Linear::Bias bias = Linear::Bias::With);
    /// x [B, channels, H, W] → [B, channels, 2 H, 2 W].
    at::Tensor forward(const at::Tensor& x) const;
    /// To [B, channels, height, width], of which either may be odd and is one less than twice x's then.
    at::Tensor forward(const at::Tensor& x, std::int64_t height, std::int64_t width) const;

    Conv2d conv;
    std::array<at::Tensor, 4> quarters;  ///< of even rows and columns, even and odd, …; undefined: not made
};

}  // namespace easel::diffusion
