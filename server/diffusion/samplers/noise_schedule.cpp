// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/samplers/noise_schedule.h"

#include <ATen/ATen.h>

#include <cmath>

namespace easel::diffusion {
namespace {

/// Shifts and scales the schedule so that nothing of the picture is left at its end.
/// Algorithm 1 of https://arxiv.org/abs/2305.08891
at::Tensor withZeroTerminalSnr(const at::Tensor& betas) {
    // What the roots round off is magnified a thousandfold when the last is taken from its neighbours, and
    // single precision's square root rounds differently from one maker's processors to another's.
    at::Tensor roots = at::cumprod(1 - betas, 0).to(at::kDouble).sqrt().to(at::kFloat);
    const at::Tensor first = roots[0].clone();
    const at::Tensor last = roots[-1].clone();
    roots.sub_(last).mul_(first / (first - last));
    const at::Tensor products = roots.square();
    const at::Tensor ratios = products.slice(0, 1) / products.slice(0, 0, -1);
    return 1 - at::cat({products.slice(0, 0, 1), ratios});
}

}  // namespace

// Through ATen on the CPU, so that each rounding is the reference's.
std::vector<float> alphasCumprod(const SamplerSettings& settings) {
    at::Tensor betas;
    if (!settings.trainedBetas.empty()) {
        betas = at::tensor(settings.trainedBetas);
    } else if (settings.betas.schedule == models::BetaSchedule::ScaledLinear) {
        betas = at::linspace(std::sqrt(settings.betas.start), std::sqrt(settings.betas.end),
                             settings.trainTimesteps, at::kFloat)
                    .square();
    } else {
        betas = at::linspace(settings.betas.start, settings.betas.end, settings.trainTimesteps, at::kFloat);
    }
    if (settings.rescaleBetasZeroSnr) {
        betas = withZeroTerminalSnr(betas);
    }
    const at::Tensor alphas = at::cumprod(1 - betas, 0).contiguous();
    return {alphas.const_data_ptr<float>(), alphas.const_data_ptr<float>() + alphas.numel()};
}

std::vector<float> noiseLevels(const SamplerSettings& settings) {
    auto alphas = alphasCumprod(settings);
    if (settings.rescaleBetasZeroSnr) {
        alphas.back() = kLeastAlpha;
    }
    std::vector<float> levels;
    levels.reserve(alphas.size());
    for (const float alpha : alphas) {
        levels.push_back(std::sqrt((1 - alpha) / alpha));
    }
    return levels;
}

at::Tensor noisedAt(float alpha, const at::Tensor& picture, const at::Tensor& noise) {
    return std::sqrt(alpha) * picture + std::sqrt(1 - alpha) * noise;
}

}  // namespace easel::diffusion
