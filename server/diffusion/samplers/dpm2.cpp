// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>

#include <cmath>
#include <utility>

#include "server/diffusion/samplers/fresh_noise.h"
#include "server/diffusion/samplers/registry.h"
#include "server/diffusion/samplers/sigma_sampler.h"
#include "server/diffusion/samplers/timesteps.h"

namespace easel::diffusion {
namespace {

/// Half the way between two levels in their logarithms, rounded as the reference's lerp.
float between(float from, float to) {
    const float low = std::log(to);
    return std::exp(low - (low - std::log(from)) * 0.5F);
}

/// The levels of `once`, and between each two of them, if a step ends at more than no noise, the one at which
/// it is looked at a second time. `eta`: of ancestral steps, whose middle is on the way further down.
SigmaSchedule dpm2Schedule(const SamplerSettings& settings, int steps, double eta) {
    SigmaSchedule once = sigmaSchedule(settings, steps);
    if (settings.levels == LevelSpread::Karras) {
        once.timesteps = rounded(std::move(once.timesteps));
    }
    const TimestepOf timestepOf(settings);
    SigmaSchedule twice;
    for (std::size_t i = 0; i < once.timesteps.size(); ++i) {
        const float from = once.sigmas[i];
        const float to = once.sigmas[i + 1];
        twice.timesteps.push_back(once.timesteps[i]);
        twice.sigmas.push_back(from);
        if (to > 0) {
            const float middle = between(from, ancestralStep(from, to, eta).down);
            twice.timesteps.push_back(timestepOf(middle));
            twice.sigmas.push_back(middle);
        }
    }
    twice.sigmas.push_back(once.sigmas.back());
    return twice;
}

/// Goes to the middle of a step as Euler does, and the whole step along the slope there; the last, to no
/// noise, is Euler's. https://arxiv.org/abs/2206.00927, algorithm 1
class Dpm2 : public SigmaSampler {
public:
    /// `eta`: 0 without fresh noise.
    Dpm2(const SamplerSettings& settings, int steps, const at::Tensor& noise, double eta,
         at::Generator generator)
        : SigmaSampler(settings, dpm2Schedule(settings, steps, eta), noise),
          m_eta(eta),
          m_generator(std::move(generator)) {}

private:
    at::Tensor step(std::size_t index, const at::Tensor& latents, const at::Tensor& output) override {
        const at::Tensor slope = derivative(index, latents, output);
        if (index % 2 == 0) {
            m_start = latents;
            return latents + slope * (sigma(index + 1) - sigma(index));
        }
        const float from = sigma(index - 1);
        const auto [down, up] = ancestralStep(from, sigma(index + 1), m_eta);
        const at::Tensor moved = std::exchange(m_start, {}) + slope * (down - from);
        return m_eta > 0 ? moved + freshNoise(latents, m_generator) * up : moved;
    }

    std::size_t evaluations() const override { return 2; }

    double m_eta;
    at::Generator m_generator;
    at::Tensor m_start;
};

}  // namespace

const SamplerEntry kDpm2{
    .name = "dpm2",
    .reads = SamplerEntry::Levels,
    .betas = {0.00085, 0.012},
    .stepsFit = sigmaStepsFit,
    .make = [](const SamplerSettings& settings, int steps, at::Tensor noise,
               at::Generator generator) -> std::unique_ptr<Sampler> {
        return std::make_unique<Dpm2>(settings, steps, noise, 0, std::move(generator));
    },
};

const SamplerEntry kDpm2Ancestral{
    .name = "dpm2_a",
    .reads = SamplerEntry::Levels,
    .betas = {0.00085, 0.012},
    .eta = 1,
    .stepsFit = sigmaStepsFit,
    .make = [](const SamplerSettings& settings, int steps, at::Tensor noise,
               at::Generator generator) -> std::unique_ptr<Sampler> {
        return std::make_unique<Dpm2>(settings, steps, noise, settings.eta, std::move(generator));
    },
};

}  // namespace easel::diffusion
