// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/samplers/euler.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "server/diffusion/samplers/registry.h"

namespace easel::diffusion {
namespace {

float initialDeviation(const SamplerSettings& settings, const SigmaSchedule& schedule) {
    const float highest = *std::max_element(schedule.sigmas.begin(), schedule.sigmas.end());
    return settings.timestepSpacing == models::TimestepSpacing::Leading ? std::sqrt(highest * highest + 1)
                                                                        : highest;
}

class Euler : public EulerSampler {
public:
    Euler(const SamplerSettings& settings, const SigmaSchedule& schedule, const at::Tensor& noise)
        : EulerSampler(settings, schedule, noise) {}

private:
    at::Tensor step(std::size_t index, const at::Tensor& latents, const at::Tensor& output) override {
        return latents + derivative(latents, output, sigma(index)) * (sigma(index + 1) - sigma(index));
    }
};

}  // namespace

EulerSampler::EulerSampler(const SamplerSettings& settings, const SigmaSchedule& schedule,
                           const at::Tensor& noise)
    : Sampler(schedule.timesteps, noise * initialDeviation(settings, schedule)),
      m_prediction(settings.prediction),
      m_sigmas(schedule.sigmas) {}

at::Tensor EulerSampler::scaled(const at::Tensor& latents) const {
    const float level = sigma(accepted());
    return latents / std::sqrt(level * level + 1);
}

at::Tensor EulerSampler::noised(std::size_t index, const at::Tensor& picture, const at::Tensor& noise) const {
    return picture + noise * sigma(index);
}

// Written out as in the reference: simplified, it would round differently.
at::Tensor EulerSampler::derivative(const at::Tensor& latents, const at::Tensor& output, float level) const {
    at::Tensor picture;
    if (m_prediction == models::PredictionType::VPrediction) {
        const float variance = level * level + 1;
        picture = output * (-level / std::sqrt(variance)) + latents / variance;
    } else {
        picture = latents - level * output;
    }
    return (latents - picture) / level;
}

const SamplerEntry kEuler{
    .name = "euler",
    .reads = SamplerEntry::ZeroSnr | SamplerEntry::FinalSigma | SamplerEntry::Karras,
    .stepsFit = eulerStepsFit,
    .make = [](const SamplerSettings& settings, int steps, at::Tensor noise,
               at::Generator) -> std::unique_ptr<Sampler> {
        return std::make_unique<Euler>(settings, eulerSchedule(settings, steps), noise);
    },
};

}  // namespace easel::diffusion
