// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "shared/protocol/generation.h"
#include "shared/protocol/problem.h"
#include "shared/protocol/server_info.h"

/// What drawing costs, in megapixel-steps: a million pixels through one sampler step, or one pixel through
/// a million. Without guidance (at most 1) a step is one pass through the model instead of two and counts
/// half; a sampler that asks the model twice in a step counts double.
namespace easel::protocol {

/// The same in pixel-steps, which are whole.
std::int64_t pixelStepsOf(const GenerationSettings& settings);
double workOf(const GenerationSettings& settings);
/// Of one picture of the model's own size and steps.
double workOf(const ModelInfo& model);

/// Refuses what is more than `limits.maxWork`: 422 with the field to change and the numbers that would fit.
Expected<void> checkWork(const GenerationSettings& settings, const Limits& limits);

}  // namespace easel::protocol
