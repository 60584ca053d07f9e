// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/samplers/sigma_sampler.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "server/diffusion/samplers/prediction.h"

namespace easel::diffusion {

namespace {

float initialDeviation(const SamplerSettings& settings, const SigmaSchedule& schedule) {
    const float highest = *std::max_element(schedule.sigmas.begin(), schedule.sigmas.end());
    return settings.timestepSpacing == models::TimestepSpacing::Leading ? std::sqrt(highest * highest + 1)
                                                                        : highest;
}

}  // namespace

SigmaSampler::SigmaSampler(const SamplerSettings& settings, const SigmaSchedule& schedule,
                           const at::Tensor& noise)
    : Sampler(schedule.timesteps, noise * initialDeviation(settings, schedule)),
      m_prediction(settings.prediction),
      m_sigmas(schedule.sigmas) {}

at::Tensor SigmaSampler::scaled(const at::Tensor& latents) const {
    const float level = sigma(accepted());
    return latents / std::sqrt(level * level + 1);
}

at::Tensor SigmaSampler::noised(std::size_t index, const at::Tensor& picture, const at::Tensor& noise) const {
    return picture + noise * sigma(index);
}

at::Tensor SigmaSampler::pictureAt(std::size_t index, const at::Tensor& latents,
                                   const at::Tensor& output) const {
    return pictureUnder(latents, output, sigma(index), m_prediction);
}

// Not simplified to the noise itself: it would round differently from the reference.
at::Tensor SigmaSampler::derivative(std::size_t index, const at::Tensor& latents,
                                    const at::Tensor& output) const {
    return (latents - pictureAt(index, latents, output)) / sigma(index);
}

}  // namespace easel::diffusion
