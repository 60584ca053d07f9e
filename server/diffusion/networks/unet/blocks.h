// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "server/diffusion/networks/residuals.h"
#include "server/diffusion/networks/resnet.h"
#include "server/diffusion/networks/transformer.h"
#include "server/diffusion/networks/upsampler.h"
#include "server/models/configs/unet_config.h"

namespace easel::diffusion {

/// What every layer of a UNet is given beside the feature map.
struct BlockInputs {
    at::Tensor time;     ///< [B, time width], after its SiLU
    at::Tensor context;  ///< [B, T, context width], the prompt
    double merging = 0;  ///< share of the places that self-attention sees as one with others
};

/// Dimensions that a UNet's blocks share, and this block's own.
struct UNetBlockShape {
    std::int64_t outputs;
    std::int64_t layers;
    std::int64_t timeWidth;
    std::int64_t groups;
    double eps;
    /// With it, a transformer follows each resnet (CrossAttnDownBlock2D, CrossAttnUpBlock2D).
    std::optional<SpatialTransformer::Shape> attention;
};

UNetBlockShape blockShape(const models::UNetBlock& block, const models::UNetConfig& config);

/// DownBlock2D and CrossAttnDownBlock2D.
struct DownBlock {
    DownBlock(const Weights& in, std::int64_t inputs, const UNetBlockShape& shape, bool withDownsampler);
    /// x [B, inputs, H, W] → [B, outputs, H', W'], half the size (rounded up) with a downsampler. Leaves a
    /// skip after each layer and after the downsampler.
    at::Tensor forward(at::Tensor x, const BlockInputs& given, Skips& skips) const;

    std::vector<ResnetBlock> resnets;
    std::vector<SpatialTransformer> attentions;
    std::optional<Conv2d> downsampler;
};

/// All of `config`, at "down_blocks".
std::vector<DownBlock> downBlocks(const Weights& in, const models::UNetConfig& config);

/// UNetMidBlock2DCrossAttn.
struct MidBlock {
    /// `shape` has attention.
    MidBlock(const Weights& in, const UNetBlockShape& shape);
    /// x [B, outputs, H, W] → the same shape.
    at::Tensor forward(at::Tensor x, const BlockInputs& given) const;

    std::vector<ResnetBlock> resnets;  // one more than attentions
    std::vector<SpatialTransformer> attentions;
};

/// UpBlock2D and CrossAttnUpBlock2D.
struct UpBlock {
    /// `below`: channels of what comes from the block before; `lastSkip`: channels of the last skip.
    UpBlock(const Weights& in, std::int64_t below, std::int64_t lastSkip, const UNetBlockShape& shape,
            bool withUpsampler);
    /// x [B, below, H, W] → [B, outputs, H', W'], with an upsampler as large as the next skip. Takes its
    /// layers' skips from the end of `skips`.
    at::Tensor forward(at::Tensor x, const BlockInputs& given, Skips& skips) const;
    /// Some of its layers, from `first` until before `last`, without the upsampler.
    at::Tensor through(at::Tensor x, const BlockInputs& given, Skips& skips, std::size_t first,
                       std::size_t last) const;

    std::vector<ResnetBlock> resnets;
    std::vector<SpatialTransformer> attentions;
    std::optional<Upsampler> upsampler;
};

}  // namespace easel::diffusion
