// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "server/diffusion/samplers/settings.h"

namespace easel::diffusion {

/// Timesteps and the noise level at each of them.
struct SigmaSchedule {
    std::vector<double> timesteps;  ///< largest first, may have fractions
    std::vector<float> sigmas;      ///< one more than timesteps: the level after the last step
};

/// Reads a level's timestep, with its fraction, back from the levels of the training steps.
class TimestepOf {
public:
    explicit TimestepOf(const SamplerSettings& settings);
    explicit TimestepOf(const std::vector<float>& levels);

    /// By interpolation between the logarithms of the levels.
    double operator()(double sigma) const;
    /// The level at a timestep, by the same interpolation.
    double level(double timestep) const;

private:
    std::vector<double> m_logs;  // of the levels, growing
};

/// What the samplers of k-diffusion walk along.
SigmaSchedule sigmaSchedule(const SamplerSettings& settings, int steps);
/// What the multistep solvers walk along: whole timesteps, and levels over the whole training range.
SigmaSchedule multistepSchedule(const SamplerSettings& settings, int steps);

/// SamplerEntry::stepsFit of those that walk along sigmaSchedule,
bool sigmaStepsFit(const SamplerSettings& settings, int steps);
/// and of those that divide by the distances in multistepSchedule.
bool multistepStepsFit(const SamplerSettings& settings, int steps);

}  // namespace easel::diffusion
