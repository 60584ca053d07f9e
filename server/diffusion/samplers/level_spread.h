// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "server/diffusion/samplers/sigma_schedule.h"

namespace easel::diffusion {

/// `steps` levels of noise, largest first, as `settings.levels` spreads them: between `highest` and `lowest`,
/// but for those that have a range of their own.
std::vector<double> spreadLevels(const SamplerSettings& settings, int steps, double highest, double lowest,
                                 const TimestepOf& timestepOf);

}  // namespace easel::diffusion
