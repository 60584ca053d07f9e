// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/samplers/timesteps.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "server/diffusion/samplers/noise_schedule.h"

namespace easel::diffusion {
namespace {

constexpr double kKarrasRho = 7.0;

// Each value is computed alone from its index and the end is exact, as numpy does it: adding up would
// round otherwise.
std::vector<double> linspace(double start, double stop, int count) {
    std::vector<double> values(static_cast<std::size_t>(count));
    const double step = count > 1 ? (stop - start) / (count - 1) : 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] = static_cast<double>(i) * step + start;
    }
    if (count > 1) {
        values.back() = stop;
    }
    return values;
}

float lastLevel(const SamplerSettings& settings, const std::vector<float>& levels) {
    return settings.finalSigma == models::FinalSigma::SigmaMin ? levels.front() : 0;
}

std::vector<double> leading(int count, int ratio, int offset) {
    std::vector<double> values;
    for (int i = count - 1; i >= 0; --i) {
        values.push_back(i * ratio + offset);
    }
    return values;
}

std::vector<double> trailing(int steps, int trainTimesteps) {
    const double ratio = static_cast<double>(trainTimesteps) / steps;
    const double delta = (trainTimesteps - ratio) - trainTimesteps;
    std::vector<double> values;
    values.reserve(steps);
    for (int i = 0; i < steps; ++i) {
        values.push_back(std::nearbyint(trainTimesteps + i * delta) - 1);
    }
    return values;
}

/// The timestep whose level is `sigma`, by interpolation between the logarithms of the levels.
double timestepAt(double sigma, const std::vector<double>& logLevels) {
    const double logSigma = std::log(std::max(sigma, 1e-10));
    const auto above = std::upper_bound(logLevels.begin(), logLevels.end(), logSigma);
    const auto low = std::clamp<std::ptrdiff_t>(above - logLevels.begin() - 1, 0,
                                                static_cast<std::ptrdiff_t>(logLevels.size()) - 2);
    const double lowLog = logLevels[static_cast<std::size_t>(low)];
    const double highLog = logLevels[static_cast<std::size_t>(low) + 1];
    const double weight = std::clamp((lowLog - logSigma) / (lowLog - highLog), 0.0, 1.0);
    return (1 - weight) * static_cast<double>(low) + weight * static_cast<double>(low + 1);
}

/// As the multistep solvers like them: linspace and leading leave out the last of one more.
std::vector<double> multistepTimesteps(const SamplerSettings& settings, int steps) {
    if (settings.timestepSpacing == models::TimestepSpacing::Trailing) {
        return trailing(steps, settings.trainTimesteps);
    }
    std::vector<double> values;
    if (settings.timestepSpacing == models::TimestepSpacing::Leading) {
        values = leading(steps + 1, settings.trainTimesteps / (steps + 1), settings.stepsOffset);
    } else {
        values = rounded(linspace(0, settings.trainTimesteps - 1, steps + 1));
        std::reverse(values.begin(), values.end());
    }
    values.pop_back();
    return values;
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

/// `steps` levels from `highest` to `lowest`, dense at the low end, and their (fractional) timesteps.
/// https://arxiv.org/abs/2206.00364, equation 5
SigmaSchedule karrasSigmas(int steps, double highest, double lowest, const std::vector<float>& levels,
                           float last) {
    std::vector<double> logLevels;
    logLevels.reserve(levels.size());
    for (const double level : levels) {
        logLevels.push_back(std::log(level));
    }
    const double top = std::pow(highest, 1 / kKarrasRho);
    const double bottom = std::pow(lowest, 1 / kKarrasRho);
    SigmaSchedule schedule;
    for (const double ramp : linspace(0, 1, steps)) {
        const double sigma = std::pow(top + ramp * (bottom - top), kKarrasRho);
        schedule.sigmas.push_back(static_cast<float>(sigma));
        schedule.timesteps.push_back(timestepAt(sigma, logLevels));
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

std::vector<double> rounded(std::vector<double> values) {
    for (double& value : values) {
        value = std::nearbyint(value);
    }
    return values;
}

std::vector<double> spacedTimesteps(const SamplerSettings& settings, int steps) {
    if (settings.timestepSpacing == models::TimestepSpacing::Trailing) {
        return trailing(steps, settings.trainTimesteps);
    }
    if (settings.timestepSpacing == models::TimestepSpacing::Leading) {
        return leading(steps, settings.trainTimesteps / steps, settings.stepsOffset);
    }
    auto values = linspace(0, settings.trainTimesteps - 1, steps);
    std::reverse(values.begin(), values.end());
    return values;
}

SigmaSchedule eulerSchedule(const SamplerSettings& settings, int steps) {
    const auto levels = noiseLevels(settings);
    const float last = lastLevel(settings, levels);
    auto schedule = sigmasAt(spacedTimesteps(settings, steps), levels, last);
    if (settings.karrasSigmas) {
        schedule = karrasSigmas(steps, schedule.sigmas.front(), schedule.sigmas[schedule.sigmas.size() - 2],
                                levels, last);
    }
    return schedule;
}

SigmaSchedule multistepSchedule(const SamplerSettings& settings, int steps) {
    const auto levels = noiseLevels(settings);
    const float last = lastLevel(settings, levels);
    if (!settings.karrasSigmas) {
        return sigmasAt(multistepTimesteps(settings, steps), levels, last);
    }
    auto schedule = karrasSigmas(steps, levels.back(), levels.front(), levels, last);
    schedule.timesteps = rounded(std::move(schedule.timesteps));
    return schedule;
}

bool timestepsFit(const SamplerSettings& settings, int steps) {
    const auto timesteps = rounded(spacedTimesteps(settings, steps));
    return fall(timesteps, timesteps.size()) && timesteps.front() < settings.trainTimesteps &&
           timesteps.back() >= 0;
}

bool eulerStepsFit(const SamplerSettings& settings, int steps) {
    const auto timesteps = eulerSchedule(settings, steps).timesteps;
    return fall(timesteps, timesteps.size()) && timesteps.back() >= 0;
}

bool multistepStepsFit(const SamplerSettings& settings, int steps) {
    const auto schedule = multistepSchedule(settings, steps);
    return fall(schedule.sigmas, schedule.timesteps.size());
}

}  // namespace easel::diffusion
