// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "server/diffusion/weights/weights.h"

namespace easel::diffusion {

/// x [..., inputs] → [..., outputs].
struct Linear {
    enum class Bias { With, Without };

    Linear(const Weights& in, std::int64_t inputs, std::int64_t outputs, Bias wanted = Bias::With);
    at::Tensor forward(const at::Tensor& x) const;
    /// The same + `added` [..., outputs].
    at::Tensor forwardAdd(const at::Tensor& x, const at::Tensor& added) const;

    at::Tensor weight;
    LowRank beside;
    at::Tensor bias;
};

/// x [B, inputs, H, W] and a weight [outputs, inputs, kernel, kernel], packed or not → [B, outputs, H', W'].
at::Tensor convolved(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                     std::int64_t stride, std::int64_t padding);

/// x [B, inputs, H, W] → [B, outputs, H', W']; padded so that stride 1 keeps the size.
struct Conv2d {
    Conv2d(const Weights& in, std::int64_t inputs, std::int64_t outputs, std::int64_t kernel,
           std::int64_t stepSize = 1, Linear::Bias wanted = Linear::Bias::With);
    at::Tensor forward(const at::Tensor& x) const;
    /// With so many zeros around x instead.
    at::Tensor forward(const at::Tensor& x, std::int64_t padding) const;
    /// forward(x) + `added` [B, outputs, H', W'].
    at::Tensor forwardAdd(const at::Tensor& x, const at::Tensor& added) const;

    at::Tensor weight;
    LowRank beside;
    at::Tensor bias;
    std::int64_t stride;
};

/// Normalises each group of channels of x [B, channels, ...].
struct GroupNorm {
    GroupNorm(const Weights& in, std::int64_t groupCount, std::int64_t channels, double epsilon);
    at::Tensor forward(const at::Tensor& x) const;
    /// The same with SiLU after it, of x + `added` [B, channels] where that is given.
    at::Tensor forwardSilu(const at::Tensor& x, const at::Tensor& added = {}) const;

    at::Tensor weight;
    at::Tensor bias;
    std::int64_t groups;
    double eps;
};

/// Normalises the last dimension of x [..., width].
struct LayerNorm {
    LayerNorm(const Weights& in, std::int64_t width, double epsilon = 1e-5);
    at::Tensor forward(const at::Tensor& x) const;

    at::Tensor weight;
    at::Tensor bias;
    double eps;
};

}  // namespace easel::diffusion
