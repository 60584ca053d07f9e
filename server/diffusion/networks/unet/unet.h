// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "server/diffusion/accelerations/shortcuts.h"
#include "server/diffusion/conditioning/conditioning.h"
#include "server/diffusion/networks/residuals.h"
#include "server/diffusion/networks/unet/blocks.h"
#include "server/diffusion/networks/unet/time_embedding.h"
#include "server/models/configs/unet_config.h"

namespace easel::diffusion {

/// The network that tells noise from picture, step by step: a UNet2DConditionModel.
/// https://arxiv.org/abs/2112.10752
class UNet {
public:
    UNet(const Weights& in, const models::UNetConfig& config);

    /// sample [B, in channels, H, W] with `concat` among the channels, timesteps [B] float32 (fractions
    /// allowed), conditioning of B pictures → [B, out channels, H, W]. Any H and W. With features of an
    /// earlier pass only the first of the residuals' skips is read.
    at::Tensor forward(const at::Tensor& sample, const at::Tensor& timesteps,
                       const Conditioning& conditioning, const Residuals& residuals = {},
                       const Shortcuts& shortcuts = {}) const;

private:
    /// `given` as the block is given it that is `level`th from outside, either way.
    BlockInputs inputsAt(std::size_t level, BlockInputs given) const;
    /// The whole way but for its last layer.
    at::Tensor features(at::Tensor x, const BlockInputs& given, const Residuals& residuals,
                        Skips& skips) const;

    Conv2d conv_in;
    TimeEmbedding time_embedding;
    std::vector<DownBlock> down_blocks;
    std::optional<MidBlock> mid_block;
    std::vector<UpBlock> up_blocks;
    GroupNorm conv_norm_out;
    Conv2d conv_out;
    std::size_t m_mergeable = 0;  // the outermost level with attention
};

}  // namespace easel::diffusion
