// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/samplers/sigma_schedule.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "server/diffusion/samplers/level_spread.h"
#include "server/diffusion/samplers/noise_schedule.h"
#include "server/diffusion/samplers/timesteps.h"

namespace easel::diffusion {
namespace {

float lastLevel(const SamplerSettings& settings, const std::vector<float>& levels) {
    return settings.finalSigma == models::FinalSigma::SigmaMin ? levels.front() : 0;
}

/// The noise level at each of `timesteps`, between those of the training steps.
SigmaSchedule sigmasAt(const std::vector<double>& timesteps, const std::vector<float>& levels, float last) {
    SigmaSchedule schedule;
    for (const double exact : timesteps) {
        const float t = static_cast<float>(exact);
        schedule.timesteps.push_back(exact);
        const double position = std::clamp<double>(t, 0, static_cast<double>(levels.size() - 1));
        const auto low = static_cast<std::size_t>(position);
        double sigma = levels[low];
        if (position > static_cast<double>(low)) {
            const double slope = static_cast<double>(levels[low + 1]) - static_cast<double>(levels[low]);
            sigma += slope * (position - static_cast<double>(low));
        }
        schedule.sigmas.push_back(static_cast<float>(sigma));
    }
    schedule.sigmas.push_back(last);
    return schedule;
}

/// `sigmas` with the timesteps that belong to them.
SigmaSchedule readBack(const std::vector<double>& sigmas, const TimestepOf& timestepOf, float last) {
    SigmaSchedule schedule;
    for (const double sigma : sigmas) {
        schedule.sigmas.push_back(static_cast<float>(sigma));
        schedule.timesteps.push_back(timestepOf(sigma));
    }
    schedule.sigmas.push_back(last);
    return schedule;
}

/// Whether the first `count` of `values` grow ever smaller.
template <typename T>
bool fall(const std::vector<T>& values, std::size_t count) {
    const auto end = values.begin() + static_cast<std::ptrdiff_t>(count);
    return std::adjacent_find(values.begin(), end, std::less_equal<>()) == end;
}

}  // namespace

TimestepOf::TimestepOf(const SamplerSettings& settings) : TimestepOf(noiseLevels(settings)) {}

// In single precision, as the reference has them: where it cuts off fractions, the last bit decides.
TimestepOf::TimestepOf(const std::vector<float>& levels) {
    m_logs.reserve(levels.size());
    for (const float level : levels) {
        m_logs.push_back(std::log(level));
    }
}

double TimestepOf::operator()(double sigma) const {
    const double logSigma = std::log(std::max(sigma, 1e-10));
    const auto above = std::upper_bound(m_logs.begin(), m_logs.end(), logSigma);
    const auto low = std::clamp<std::ptrdiff_t>(above - m_logs.begin() - 1, 0,
                                                static_cast<std::ptrdiff_t>(m_logs.size()) - 2);
    const double lowLog = m_logs[static_cast<std::size_t>(low)];
    const double highLog = m_logs[static_cast<std::size_t>(low) + 1];
    const double weight = std::clamp((lowLog - logSigma) / (lowLog - highLog), 0.0, 1.0);
    return (1 - weight) * static_cast<double>(low) + weight * static_cast<double>(low + 1);
}

double TimestepOf::level(double timestep) const {
    const auto low = std::min(static_cast<std::size_t>(timestep), m_logs.size() - 2);
    const double weight = timestep - static_cast<double>(low);
    return std::exp((1 - weight) * m_logs[low] + weight * m_logs[low + 1]);
}

SigmaSchedule sigmaSchedule(const SamplerSettings& settings, int steps) {
    const auto levels = noiseLevels(settings);
    const float last = lastLevel(settings, levels);
    auto spaced = sigmasAt(spacedTimesteps(settings, steps), levels, last);
    if (settings.levels == LevelSpread::Spaced) {
        return spaced;
    }
    const TimestepOf timestepOf(levels);
    const double lowest = spaced.sigmas[spaced.sigmas.size() - 2];
    return readBack(spreadLevels(settings, steps, spaced.sigmas.front(), lowest, timestepOf), timestepOf,
                    last);
}

SigmaSchedule multistepSchedule(const SamplerSettings& settings, int steps) {
    const auto levels = noiseLevels(settings);
    const float last = lastLevel(settings, levels);
    if (settings.levels == LevelSpread::Spaced) {
        return sigmasAt(multistepTimesteps(settings, steps), levels, last);
    }
    const TimestepOf timestepOf(levels);
    auto schedule =
        readBack(spreadLevels(settings, steps, levels.back(), levels.front(), timestepOf), timestepOf, last);
    switch (settings.levels) {
        case LevelSpread::Karras:
            schedule.timesteps = rounded(std::move(schedule.timesteps));
            break;
        case LevelSpread::Exponential:
        case LevelSpread::Beta:  // cut off, as the reference does
            std::ranges::transform(schedule.timesteps, schedule.timesteps.begin(),
                                   [](double t) { return std::floor(t); });
            break;
        default:  // k-diffusion's, which keeps fractions
            break;
    }
    return schedule;
}

bool sigmaStepsFit(const SamplerSettings& settings, int steps) {
    const auto schedule = sigmaSchedule(settings, steps);
    const bool isOnTimesteps = settings.levels == LevelSpread::Spaced;
    return fall(schedule.sigmas, schedule.timesteps.size()) &&
           (!isOnTimesteps ||
            (fall(schedule.timesteps, schedule.timesteps.size()) && schedule.timesteps.back() >= 0));
}

bool multistepStepsFit(const SamplerSettings& settings, int steps) {
    const auto schedule = multistepSchedule(settings, steps);
    return fall(schedule.sigmas, schedule.timesteps.size());
}

}  // namespace easel::diffusion
