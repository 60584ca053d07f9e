// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "server/diffusion/networks/upsampler.h"
#include "server/diffusion/networks/vae/blocks.h"

namespace easel::diffusion {

/// UpDecoderBlock2D.
struct VaeUpBlock {
    VaeUpBlock(const Weights& in, std::int64_t inputs, std::int64_t outputs, const models::VaeConfig& config,
               bool withUpsampler);
    /// x [B, inputs, H, W] → [B, outputs, H, W], twice the size with an upsampler.
    at::Tensor forward(at::Tensor x) const;

    std::vector<ResnetBlock> resnets;
    std::optional<Upsampler> upsampler;
};

/// Turns latents into pixels: the decoder half of an AutoencoderKL.
class VaeDecoder {
public:
    VaeDecoder(const Weights& in, const models::VaeConfig& config);

    /// latents [B, latent channels, H, W], already divided by the scaling factor → [B, 3, 8H, 8W], about
    /// -1 to 1.
    at::Tensor forward(const at::Tensor& latents) const;

    at::ScalarType dtype() const { return conv_in.weight.scalar_type(); }
    at::Device device() const { return conv_in.weight.device(); }

private:
    std::optional<Conv2d> post_quant_conv;
    Conv2d conv_in;
    VaeMidBlock mid_block;
    std::vector<VaeUpBlock> up_blocks;
    GroupNorm conv_norm_out;
    Conv2d conv_out;
};

}  // namespace easel::diffusion
