// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/samplers/level_spread.h"

#include <algorithm>
#include <array>
#include <boost/math/special_functions/beta.hpp>
#include <cmath>

#include "server/diffusion/samplers/timesteps.h"

namespace easel::diffusion {
namespace {

constexpr double kKarrasRho = 7.0;
constexpr double kBetaShape = 0.6;

/// Dense at the low end. https://arxiv.org/abs/2206.00364, equation 5
std::vector<double> karras(int steps, double highest, double lowest) {
    const double top = std::pow(highest, 1 / kKarrasRho);
    const double bottom = std::pow(lowest, 1 / kKarrasRho);
    auto levels = linspace(0, 1, steps);
    for (double& level : levels) {
        level = std::pow(top + level * (bottom - top), kKarrasRho);
    }
    return levels;
}

std::vector<double> exponential(int steps, double highest, double lowest) {
    auto levels = linspace(std::log(highest), std::log(lowest), steps);
    for (double& level : levels) {
        level = std::exp(level);
    }
    return levels;
}

/// Dense at both ends: at the quantiles of a beta distribution. https://arxiv.org/abs/2407.12173
std::vector<double> beta(int steps, double highest, double lowest) {
    auto levels = linspace(0, 1, steps);
    for (double& level : levels) {
        level = lowest + boost::math::ibeta_inv(kBetaShape, kBetaShape, 1 - level) * (highest - lowest);
    }
    return levels;
}

/// At evenly spaced timesteps, of one more the last of which is left out.
std::vector<double> sgmUniform(const SamplerSettings& settings, int steps, const TimestepOf& timestepOf) {
    auto levels = linspace(settings.trainTimesteps - 1, 0, steps + 1);
    levels.pop_back();
    for (double& level : levels) {
        level = timestepOf.level(level);
    }
    return levels;
}

// Where ten steps begin and the last of them ends. https://arxiv.org/abs/2404.14507
using AlignedTable = std::array<double, 11>;
constexpr AlignedTable kStableDiffusion{14.615, 6.475, 3.861, 2.697, 1.886, 1.396,
                                        0.963,  0.652, 0.399, 0.152, 0.029};
constexpr AlignedTable kStableDiffusionXl{14.615, 6.315, 3.771, 2.181, 1.342, 0.862,
                                          0.555,  0.380, 0.234, 0.113, 0.029};

/// Other numbers of steps lie between those ten in the logarithm.
std::vector<double> aligned(AlignedSteps steps, int count) {
    const AlignedTable& table =
        steps == AlignedSteps::StableDiffusionXl ? kStableDiffusionXl : kStableDiffusion;
    std::vector<double> levels;
    for (int i = 0; i < count; ++i) {
        const double at = static_cast<double>(i) * static_cast<double>(table.size() - 1) / count;
        const auto low = static_cast<std::size_t>(at);
        const double weight = at - static_cast<double>(low);
        levels.push_back(
            weight == 0 ? table[low]
                        : std::exp((1 - weight) * std::log(table[low]) + weight * std::log(table[low + 1])));
    }
    return levels;
}

}  // namespace

std::vector<double> spreadLevels(const SamplerSettings& settings, int steps, double highest, double lowest,
                                 const TimestepOf& timestepOf) {
    switch (settings.levels) {
        case LevelSpread::Exponential:
            return exponential(steps, highest, lowest);
        case LevelSpread::Beta:
            return beta(steps, highest, lowest);
        case LevelSpread::SgmUniform:
            return sgmUniform(settings, steps, timestepOf);
        case LevelSpread::Aligned:
            return aligned(settings.alignedSteps, steps);
        default:
            return karras(steps, highest, lowest);
    }
}

}  // namespace easel::diffusion
