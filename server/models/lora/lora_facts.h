// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "server/models/lora/lora_file.h"

namespace easel::models {

/// What people ask of a LoRA before they use it.
struct LoraFacts {
    std::string title;                  ///< what its author calls it; may be empty
    std::string family;                 ///< see loraFamily()
    std::int64_t rank = 0;              ///< the largest
    std::vector<std::string> triggers;  ///< words that it was trained with, the most frequent first
};

LoraFacts factsOf(const LoraFile& file);

/// The models that a LoRA is made for: "Stable Diffusion 1", "Stable Diffusion 2", "Stable Diffusion XL", or
/// a family that Easel does not draw with; empty when it cannot be told. By the width of the prompts'
/// features that its layers take, else by what its metadata say.
std::string loraFamily(std::span<const LoraModule> modules, const Metadata& metadata);

}  // namespace easel::models
