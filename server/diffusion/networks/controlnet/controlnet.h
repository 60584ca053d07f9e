// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "server/diffusion/conditioning/conditioning.h"
#include "server/diffusion/networks/residuals.h"
#include "server/diffusion/networks/unet/blocks.h"
#include "server/diffusion/networks/unet/time_embedding.h"
#include "server/models/configs/unet_config.h"
#include "server/models/files/tensor_source.h"

namespace easel::diffusion {

/// What a ControlNet is beside a copy of its UNet's way down.
struct ControlNetShape {
    models::UNetConfig unet;                 ///< of the model that it is for
    std::vector<std::int64_t> hintChannels;  ///< of the layers that read its picture, one for each size
};

/// The widths of those layers are told by the tensors. Throws Failure where `source` is no ControlNet.
ControlNetShape controlNetShape(const models::TensorSource& source, const models::UNetConfig& unet);

/// Reads the picture that is to be held to: ControlNetConditioningEmbedding.
struct HintEncoder {
    HintEncoder(const Weights& in, const std::vector<std::int64_t>& channels, std::int64_t outputs);
    /// pixels [B, 3, H, W], 0 to 1 → [B, outputs, H', W'], half the size for each width after the first.
    at::Tensor forward(const at::Tensor& pixels) const;

    Conv2d conv_in;
    std::vector<Conv2d> blocks;
    Conv2d conv_out;
};

/// A copy of a UNet's way down that makes it hold to a picture: a ControlNetModel.
/// https://arxiv.org/abs/2302.05543
class ControlNet {
public:
    ControlNet(const Weights& in, const ControlNetShape& shape);

    /// pixels [1, 3, H, W], 0 to 1, in the network's dtype → what forward() takes, the same at each step.
    at::Tensor encode(const at::Tensor& pixels) const { return controlnet_cond_embedding.forward(pixels); }
    /// sample [B, latent channels, h, w], timesteps [B] float32, conditioning of B pictures, hints of
    /// encode(), one after another [B, ...] → residuals of B pictures, as strong as they were trained.
    Residuals forward(const at::Tensor& sample, const at::Tensor& timesteps, const Conditioning& conditioning,
                      const at::Tensor& hints) const;
    /// The first of its skips alone, which is all that a UNet reads beside features of an earlier pass.
    Residuals firstSkip(const at::Tensor& sample, const at::Tensor& hints) const;

private:
    Conv2d conv_in;
    TimeEmbedding time_embedding;
    HintEncoder controlnet_cond_embedding;
    std::vector<DownBlock> down_blocks;
    std::optional<MidBlock> mid_block;
    std::vector<Conv2d> controlnet_down_blocks;
    std::optional<Conv2d> controlnet_mid_block;
};

}  // namespace easel::diffusion
