// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "server/diffusion/samplers/settings.h"

namespace easel::diffusion {

/// `steps` timesteps over the training range, largest first. Linspace gives fractions; the others whole
/// numbers. https://arxiv.org/abs/2305.08891, table 2.
std::vector<double> spacedTimesteps(const SamplerSettings& settings, int steps);
/// Rounds half to even.
std::vector<double> rounded(std::vector<double> values);

/// Timesteps and the noise level at each of them.
struct SigmaSchedule {
    std::vector<double> timesteps;  ///< largest first, may have fractions
    std::vector<float> sigmas;      ///< one more than timesteps: the level after the last step
};

/// What euler and euler_a walk along.
SigmaSchedule eulerSchedule(const SamplerSettings& settings, int steps);
/// What dpmpp_2m walks along: whole timesteps, and Karras' levels over the whole training range.
SigmaSchedule multistepSchedule(const SamplerSettings& settings, int steps);

/// SamplerEntry::stepsFit of those that look training timesteps up,
bool timestepsFit(const SamplerSettings& settings, int steps);
/// of those that walk along eulerSchedule,
bool eulerStepsFit(const SamplerSettings& settings, int steps);
/// and of those that divide by the distances in multistepSchedule.
bool multistepStepsFit(const SamplerSettings& settings, int steps);

}  // namespace easel::diffusion
