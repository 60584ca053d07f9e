// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "shared/protocol/generation.h"
#include "shared/protocol/problem.h"
#include "shared/protocol/server_info.h"

/// What drawing costs, in megapixel-steps: a million pixels through one sampler step, or one pixel through
/// a million. Without guidance (at most 1) a step is one pass through the model instead of two and counts
/// half; a sampler that asks the model twice in a step counts double; each ControlNet, which is half of a
/// model, adds half. A step that DeepCache cuts short counts an eighth, and nothing for ControlNets. What
/// token merging saves is not counted, for it is little but in large pictures. That models which edit
/// pictures make three passes no request says: what a device does in a second is measured.
namespace easel::protocol {

/// The same in pixel-steps, which are whole.
std::int64_t pixelStepsOf(const GenerationSettings& settings);
double workOf(const GenerationSettings& settings);
/// Of one step, in halves of a pass through the model.
int halfPassesOf(const GenerationSettings& settings);
/// Of one picture of the model's own size and steps.
double workOf(const ModelInfo& model);

/// Refuses what is more than `limits.maxWork`: 422 with the field to change and the numbers that would fit.
Expected<void> checkWork(const GenerationSettings& settings, const Limits& limits);

}  // namespace easel::protocol
