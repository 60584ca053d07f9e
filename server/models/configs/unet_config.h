// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "shared/protocol/problem.h"

namespace easel::models {

/// One block of the UNet, with every per-block list of the config already looked up.
struct UNetBlock {
    int channels = 0;          ///< of its output
    int layers = 0;            ///< resnets (an up block has one more than its down block)
    bool attention = false;    ///< a transformer after each resnet
    int heads = 0;             ///< attention heads; channels / heads is the size of one
    int transformerDepth = 1;  ///< blocks in each transformer

    bool operator==(const UNetBlock&) const = default;
};

/// unet/config.json of a UNet2DConditionModel as the families of Stable Diffusion use it.
struct UNetConfig {
    int inChannels = 4;
    int outChannels = 4;
    int sampleSize = 64;            ///< the latent side that it was trained at
    std::vector<UNetBlock> down;    ///< down_blocks, in order
    std::optional<UNetBlock> mid;   ///< resnet, transformer, resnet; some models have none
    std::vector<UNetBlock> up;      ///< up_blocks, in order
    int crossAttentionDim = 1280;   ///< features of the context
    bool linearProjection = false;  ///< proj_in and proj_out: linear layers, or else 1x1 convolutions
    int normGroups = 32;
    double normEps = 1e-5;     ///< of resnets and conv_norm_out; a transformer's own norm has 1e-6
    bool flipSinToCos = true;  ///< the time vector is [cos | sin]
    double freqShift = 0;
    int additionWidth = 0;    ///< of the prompt as a whole and numbers as waves, side by side; 0: none
    int additionIdWidth = 0;  ///< of each of those numbers
    int guidanceWidth = 0;    ///< of the guidance scale as waves, which some were taught; 0: none

    /// Width of the sinusoidal time vector.
    int timeChannels() const { return down.front().channels; }
    /// Width of the time embedding.
    int timeEmbedDim() const { return 4 * timeChannels(); }

    bool operator==(const UNetConfig&) const = default;
};

/// A value that the engine does not support is refused by its key.
protocol::Expected<UNetConfig> readUNetConfig(const std::filesystem::path& file);

}  // namespace easel::models
