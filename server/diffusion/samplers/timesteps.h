// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "server/diffusion/samplers/settings.h"

namespace easel::diffusion {

/// `count` values from `start` to `stop`, evenly spaced.
std::vector<double> linspace(double start, double stop, int count);
/// Rounds half to even.
std::vector<double> rounded(std::vector<double> values);

/// `steps` timesteps over the training range, largest first. Linspace gives fractions; the others whole
/// numbers. https://arxiv.org/abs/2305.08891, table 2.
std::vector<double> spacedTimesteps(const SamplerSettings& settings, int steps);
/// As the multistep solvers like them, in whole numbers: linspace and leading leave out the last of one more.
std::vector<double> multistepTimesteps(const SamplerSettings& settings, int steps);
/// `steps` of those that a distilled model was taught to jump from. https://arxiv.org/abs/2310.04378
std::vector<double> distilledTimesteps(const SamplerSettings& settings, int steps);

/// SamplerEntry::stepsFit of those that look training timesteps up,
bool timestepsFit(const SamplerSettings& settings, int steps);
/// and of those that walk along distilledTimesteps.
bool distilledStepsFit(const SamplerSettings& settings, int steps);

}  // namespace easel::diffusion
