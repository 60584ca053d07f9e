// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "server/diffusion/networks/layers.h"

namespace easel::diffusion {

/// Two convolutions around an optional time embedding, added to the input. The UNet and the VAE are
/// built of these. https://arxiv.org/abs/1512.03385
struct ResnetBlock {
    struct Shape {
        std::int64_t inputs;
        std::int64_t outputs;
        std::int64_t groups;
        double eps;
        std::int64_t timeWidth = 0;  ///< 0: no time embedding (the VAE)
    };

    ResnetBlock(const Weights& in, const Shape& shape);
    /// x [B, inputs, H, W], time [B, timeWidth] after its SiLU → [B, outputs, H, W].
    at::Tensor forward(const at::Tensor& x, const at::Tensor& time = {}) const;

    GroupNorm norm1;
    Conv2d conv1;
    std::optional<Linear> time_emb_proj;
    GroupNorm norm2;
    Conv2d conv2;
    std::optional<Conv2d> conv_shortcut;
};

}  // namespace easel::diffusion
