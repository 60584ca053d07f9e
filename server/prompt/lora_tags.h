// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/prompt/text.h"

namespace easel::prompt {

/// <lora:NAME:WEIGHT>, as a prompt has it.
struct LoraTag {
    std::string name;
    double weight = 1;      ///< on the network that draws
    double textWeight = 1;  ///< on the text encoders
    /// Factors of both for parts of the model, as protocol::LoraUse has them.
    std::vector<double> blocks = {};

    bool operator==(const LoraTag&) const = default;
};

/// A prompt and the tags that stood in it.
struct TaggedText {
    Text rest;
    std::vector<LoraTag> loras;         ///< in their order; a name may stand there twice
    std::vector<std::string> warnings;  ///< tags that are none of these and stay text, a sentence each
};

/// Takes the tags out of `prompt`: <lora:NAME>, <lora:NAME:BOTH>, <lora:NAME:TEXT:NETWORK>, or by name,
/// <lora:NAME:te=TEXT:unet=NETWORK>; a weight that is left out is 1, the network's that of the text encoders.
/// <lora:NAME:1:lbw=1,0,0.5> weighs blocks, too.
TaggedText takeLoraTags(std::string_view prompt);

}  // namespace easel::prompt
