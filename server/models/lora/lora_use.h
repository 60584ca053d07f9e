// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "server/models/lora/lora_targets.h"
#include "shared/protocol/problem.h"

namespace easel::models {

/// A LoRA as a request wants it.
struct LoraUse {
    std::filesystem::path file = {};
    double weight = 1;      ///< in the UNet
    double textWeight = 1;  ///< in the text encoders
    /// Factors of `weight` for parts of the UNet; see blockWeights().
    std::vector<double> blocks = {};

    bool operator==(const LoraUse&) const = default;
};

/// What a LoRA's `blocks` mean for a UNet: a factor for what lies outside of all blocks, first, and one for
/// each of targets.blocks(). Given are none (1 throughout); three, for the ways down, middle and up; or one
/// for the outside, text encoders among it, and then one for each block, or for each block with attention: 17
/// or 26 for Stable Diffusion 1 and 2, 12 or 20 for XL. Blocks that are not named follow the outside.
protocol::Expected<std::vector<double>> blockWeights(std::span<const double> given,
                                                     const LoraTargets& targets);

}  // namespace easel::models
