// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>

#include <cmath>
#include <utility>

#include "server/diffusion/samplers/fresh_noise.h"
#include "server/diffusion/samplers/registry.h"
#include "server/diffusion/samplers/sigma_sampler.h"

namespace easel::diffusion {
namespace {

/// Half the way in time, which is minus the logarithm of the level.
float between(float from, float to) {
    const float t = -std::log(from);
    return std::exp(-(t + (-std::log(to) - t) * 0.5F));
}

SigmaSchedule sdeSchedule(const SamplerSettings& settings, int steps) {
    const SigmaSchedule once = sigmaSchedule(settings, steps);
    const TimestepOf timestepOf(settings);
    SigmaSchedule twice;
    for (std::size_t i = 0; i < once.timesteps.size(); ++i) {
        twice.timesteps.push_back(once.timesteps[i]);
        twice.sigmas.push_back(once.sigmas[i]);
        if (once.sigmas[i + 1] > 0) {
            const float middle = between(once.sigmas[i], once.sigmas[i + 1]);
            twice.timesteps.push_back(timestepOf(middle));
            twice.sigmas.push_back(middle);
        }
    }
    twice.sigmas.push_back(once.sigmas.back());
    return twice;
}

/// DPM-Solver++ for the stochastic equation, singlestep with a look at the middle; the last step, to no
/// noise, is Euler's.
///
/// The noise of both halves of a step is one path of Brownian motion over sigma: what is added at the middle
/// is part of what is added at the end. Steps do not overlap, so the path needs no more than two draws a
/// step, from the picture's own generator; torchsde's tree of seeds would give another path, no better one.
class DpmppSde : public SigmaSampler {
public:
    DpmppSde(const SamplerSettings& settings, int steps, const at::Tensor& noise, at::Generator generator)
        : SigmaSampler(settings, sdeSchedule(settings, steps), noise),
          m_eta(settings.eta),
          m_generator(std::move(generator)) {}

private:
    at::Tensor step(std::size_t index, const at::Tensor& latents, const at::Tensor& output) override {
        if (sigma(index + 1) == 0) {
            return latents + derivative(index, latents, output) * (0 - sigma(index));
        }
        const at::Tensor picture = pictureAt(index, latents, output);
        if (index % 2 == 0) {
            m_start = latents;
            m_path = freshNoise(latents, m_generator) * std::sqrt(sigma(index) - sigma(index + 1));
            return moved(latents, picture, sigma(index), sigma(index + 1));
        }
        m_path = m_path + freshNoise(latents, m_generator) * std::sqrt(sigma(index) - sigma(index + 1));
        return moved(std::exchange(m_start, {}), picture, sigma(index - 1), sigma(index + 1));
    }

    /// From level `from` to `to`, where m_path is Brownian motion's way between them.
    at::Tensor moved(const at::Tensor& latents, const at::Tensor& picture, float from, float to) const {
        const auto [down, up] = ancestralStep(from, to, m_eta);
        const at::Tensor kept =
            (down / from) * latents - std::expm1(std::log(down) - std::log(from)) * picture;
        return kept + m_path / std::sqrt(from - to) * up;
    }

    std::size_t evaluations() const override { return 2; }

    double m_eta;
    at::Generator m_generator;
    at::Tensor m_start;
    at::Tensor m_path;
};

}  // namespace

const SamplerEntry kDpmppSde{
    .name = "dpmpp_sde",
    .reads = SamplerEntry::Levels,
    .betas = {0.00085, 0.012},
    .eta = 1,
    .stepsFit = sigmaStepsFit,
    .make = [](const SamplerSettings& settings, int steps, at::Tensor noise,
               at::Generator generator) -> std::unique_ptr<Sampler> {
        return std::make_unique<DpmppSde>(settings, steps, noise, std::move(generator));
    },
};

}  // namespace easel::diffusion
