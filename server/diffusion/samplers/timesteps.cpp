// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/samplers/timesteps.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace easel::diffusion {
namespace {

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

}  // namespace

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

std::vector<double> distilledTimesteps(const SamplerSettings& settings, int steps) {
    const int taught = settings.originalSteps;
    const int stride = settings.trainTimesteps / taught;
    const double every = static_cast<double>(taught) / steps;
    std::vector<double> values;
    for (int i = 0; i < steps; ++i) {
        values.push_back((taught - std::floor(i * every)) * stride - 1);
    }
    return values;
}

bool timestepsFit(const SamplerSettings& settings, int steps) {
    const auto timesteps = rounded(spacedTimesteps(settings, steps));
    return std::ranges::adjacent_find(timesteps, std::less_equal<>()) == timesteps.end() &&
           timesteps.front() < settings.trainTimesteps && timesteps.back() >= 0;
}

bool distilledStepsFit(const SamplerSettings& settings, int steps) {
    return steps <= settings.originalSteps;
}

}  // namespace easel::diffusion
