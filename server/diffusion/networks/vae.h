// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "server/diffusion/networks/resnet.h"
#include "server/models/vae_config.h"

namespace easel::diffusion {

/// Self-attention over all places of a feature map, one head.
struct VaeAttention {
    VaeAttention(const Weights& in, std::int64_t channels, std::int64_t groups);
    at::Tensor forward(const at::Tensor& x) const;

    GroupNorm group_norm;
    Linear to_q;
    Linear to_k;
    Linear to_v;
    Linear to_out_0;
};

struct VaeMidBlock {
    VaeMidBlock(const Weights& in, std::int64_t channels, const models::VaeConfig& config);
    at::Tensor forward(at::Tensor x) const;

    ResnetBlock resnets_0;
    std::optional<VaeAttention> attentions_0;
    ResnetBlock resnets_1;
};

struct VaeUpBlock {
    VaeUpBlock(const Weights& in, std::int64_t inputs, std::int64_t outputs, const models::VaeConfig& config,
               bool withUpsampler);
    at::Tensor forward(at::Tensor x) const;

    std::vector<ResnetBlock> resnets;
    std::optional<Conv2d> upsampler;
};

/// Turns latents into pixels: the decoder half of an AutoencoderKL. The encoder's tensors are checked by
/// name and shape and not read.
class VaeDecoder {
public:
    VaeDecoder(const Weights& in, const models::VaeConfig& config);

    /// latents [B, latent channels, H, W], already divided by the scaling factor → [B, 3, 8H, 8W], about
    /// -1 to 1.
    at::Tensor forward(const at::Tensor& latents) const;

private:
    std::optional<Conv2d> post_quant_conv;
    Conv2d conv_in;
    VaeMidBlock mid_block;
    std::vector<VaeUpBlock> up_blocks;
    GroupNorm conv_norm_out;
    Conv2d conv_out;
};

}  // namespace easel::diffusion
