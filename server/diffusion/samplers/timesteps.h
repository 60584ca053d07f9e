// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "server/models/scheduler_config.h"

namespace easel::diffusion {

/// `steps` timesteps over the training range, largest first. Linspace gives fractions; the others whole
/// numbers. https://arxiv.org/abs/2305.08891, table 2.
std::vector<double> spacedTimesteps(const models::SamplerSettings& settings, int steps);
/// Rounds half to even.
std::vector<double> rounded(std::vector<double> values);

/// Timesteps and the noise level at each of them.
struct SigmaSchedule {
    std::vector<double> timesteps;  ///< largest first, may have fractions
    std::vector<float> sigmas;      ///< one more than timesteps: the level after the last step
};

/// What euler and euler_a walk along.
SigmaSchedule eulerSchedule(const models::SamplerSettings& settings, int steps);
/// What dpmpp_2m walks along: whole timesteps, and Karras' levels over the whole training range.
SigmaSchedule multistepSchedule(const models::SamplerSettings& settings, int steps);

/// Whether `sampler` can take so many steps: each on a training timestep of its own, or to a level of noise
/// of its own. Towards the number of training timesteps some spacings run past the end or stand still.
bool stepsFit(std::string_view sampler, const models::SamplerSettings& settings, int steps);

}  // namespace easel::diffusion
