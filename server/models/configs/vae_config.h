// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <vector>

#include "shared/protocol/problem.h"

namespace easel::models {

/// vae/config.json of an AutoencoderKL. What its file leaves out has the value given here.
struct VaeConfig {
    int latentChannels = 4;
    std::vector<int> blockOutChannels{64};  ///< of the encoder; the decoder runs through them backwards
    int layersPerBlock = 1;                 ///< resnets in an encoder block; a decoder block has one more
    int normGroups = 32;
    int sampleSize = 512;            ///< the side that it was trained at, in pixels
    double scalingFactor = 0.18215;  ///< a latent divided by this is what the decoder takes
    bool quantConv = true;
    bool postQuantConv = true;
    bool midAttention = true;
    bool forceUpcast = true;   ///< in half precision its numbers grow too large, says the file
    bool latentStats = false;  ///< its file tells the latents' mean and deviation

    /// Pixels per latent, along a side.
    int scale() const { return 1 << (blockOutChannels.size() - 1); }

    bool operator==(const VaeConfig&) const = default;
};

/// A value that the engine does not support is refused by its key.
protocol::Expected<VaeConfig> readVaeConfig(const std::filesystem::path& file);

}  // namespace easel::models
