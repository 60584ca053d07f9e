// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "server/diffusion/networks/vae/blocks.h"

namespace easel::diffusion {

/// DownEncoderBlock2D.
struct VaeDownBlock {
    VaeDownBlock(const Weights& in, std::int64_t inputs, std::int64_t outputs,
                 const models::VaeConfig& config, bool withDownsampler);
    /// x [B, inputs, H, W] → [B, outputs, H, W], half the size with a downsampler.
    at::Tensor forward(at::Tensor x) const;

    std::vector<ResnetBlock> resnets;
    std::optional<Conv2d> downsampler;
};

/// Turns pixels into latents: the encoder half of an AutoencoderKL.
class VaeEncoder {
public:
    VaeEncoder(const Weights& in, const models::VaeConfig& config);

    /// pixels [B, 3, 8H, 8W], -1 to 1 → [B, 2 · latent channels, H, W]: the means of the latents, not yet
    /// scaled, and the logarithms of their variances.
    at::Tensor forward(const at::Tensor& pixels) const;

private:
    Conv2d conv_in;
    std::vector<VaeDownBlock> down_blocks;
    VaeMidBlock mid_block;
    GroupNorm conv_norm_out;
    Conv2d conv_out;
    std::optional<Conv2d> quant_conv;
};

}  // namespace easel::diffusion
