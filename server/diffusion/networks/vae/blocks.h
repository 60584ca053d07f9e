// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "server/diffusion/networks/resnet.h"
#include "server/models/configs/vae_config.h"

namespace easel::diffusion {

constexpr std::int64_t kColorChannels = 3;
constexpr double kVaeNormEps = 1e-6;  // AutoencoderKL fixes this one; its config does not name it.

/// A resnet without a time embedding.
ResnetBlock vaeResnet(const Weights& in, std::int64_t inputs, std::int64_t outputs,
                      const models::VaeConfig& config);

/// Self-attention over all places of a feature map, one head.
struct VaeAttention {
    VaeAttention(const Weights& in, std::int64_t channels, std::int64_t groups);
    /// x [B, channels, H, W] → the same shape.
    at::Tensor forward(const at::Tensor& x) const;

    GroupNorm group_norm;
    Linear to_q;
    Linear to_k;
    Linear to_v;
    Linear to_out_0;
};

/// Between the ways down and up: a resnet, attention where the config has it, a resnet.
struct VaeMidBlock {
    VaeMidBlock(const Weights& in, std::int64_t channels, const models::VaeConfig& config);
    /// x [B, channels, H, W] → the same shape.
    at::Tensor forward(at::Tensor x) const;

    ResnetBlock resnets_0;
    std::optional<VaeAttention> attentions_0;
    ResnetBlock resnets_1;
};

}  // namespace easel::diffusion
