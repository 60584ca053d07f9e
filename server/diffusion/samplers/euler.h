// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "server/diffusion/samplers/sampler.h"
#include "server/diffusion/samplers/timesteps.h"

namespace easel::diffusion {

/// What the Euler samplers share: latents whose noise has standard deviation sigma, scaled down for the
/// network. https://arxiv.org/abs/2206.00364
class EulerSampler : public Sampler {
protected:
    EulerSampler(const SamplerSettings& settings, const SigmaSchedule& schedule, const at::Tensor& noise);

    at::Tensor scaled(const at::Tensor& latents) const override;
    at::Tensor noised(std::size_t index, const at::Tensor& picture, const at::Tensor& noise) const override;
    /// The direction in which the noise grows, at `sigma`.
    at::Tensor derivative(const at::Tensor& latents, const at::Tensor& output, float sigma) const;
    float sigma(std::size_t index) const { return m_sigmas[index]; }

private:
    models::PredictionType m_prediction;
    std::vector<float> m_sigmas;
};

}  // namespace easel::diffusion
