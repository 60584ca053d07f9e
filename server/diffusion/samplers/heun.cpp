// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>

#include <utility>

#include "server/diffusion/samplers/registry.h"
#include "server/diffusion/samplers/sigma_sampler.h"

namespace easel::diffusion {
namespace {

/// Each level but the first is visited twice: at the end of one step and at the beginning of the next.
SigmaSchedule heunSchedule(const SamplerSettings& settings, int steps) {
    const SigmaSchedule once = sigmaSchedule(settings, steps);
    SigmaSchedule twice;
    for (std::size_t i = 0; i < once.timesteps.size(); ++i) {
        twice.timesteps.insert(twice.timesteps.end(), i == 0 ? 1 : 2, once.timesteps[i]);
        twice.sigmas.insert(twice.sigmas.end(), i == 0 ? 1 : 2, once.sigmas[i]);
    }
    twice.sigmas.push_back(once.sigmas.back());
    return twice;
}

/// Goes a step as Euler does, looks at the slope there, and goes again with the mean of both; the last step,
/// to no noise, is Euler's. https://arxiv.org/abs/2206.00364, algorithm 1
class Heun : public SigmaSampler {
public:
    Heun(const SamplerSettings& settings, const SigmaSchedule& schedule, const at::Tensor& noise)
        : SigmaSampler(settings, schedule, noise) {}

private:
    at::Tensor step(std::size_t index, const at::Tensor& latents, const at::Tensor& output) override {
        const at::Tensor slope = derivative(index, latents, output);
        if (index % 2 == 1) {
            return std::exchange(m_start, {}) + (std::exchange(m_slope, {}) + slope) / 2 * m_distance;
        }
        m_start = latents;
        m_slope = slope;
        m_distance = sigma(index + 1) - sigma(index);
        return latents + slope * m_distance;
    }

    std::size_t evaluations() const override { return 2; }

    at::Tensor m_start;
    at::Tensor m_slope;
    float m_distance = 0;
};

}  // namespace

const SamplerEntry kHeun{
    .name = "heun",
    .reads = SamplerEntry::Levels,
    .betas = {0.00085, 0.012},
    .stepsFit = sigmaStepsFit,
    .make = [](const SamplerSettings& settings, int steps, at::Tensor noise,
               at::Generator) -> std::unique_ptr<Sampler> {
        return std::make_unique<Heun>(settings, heunSchedule(settings, steps), noise);
    },
};

}  // namespace easel::diffusion
