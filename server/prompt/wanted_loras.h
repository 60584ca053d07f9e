// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "server/prompt/lora_tags.h"
#include "shared/protocol/generation.h"

namespace easel::prompt {

/// The LoRAs that `settings` ask for: in their field, and by tags in the prompt where its syntax has them.
/// Each name stands there once with the same blocks, where it came first: what is asked for twice adds up.
std::vector<LoraTag> wantedLoras(const protocol::GenerationSettings& settings);

}  // namespace easel::prompt
