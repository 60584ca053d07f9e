// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "server/diffusion/samplers/sampler.h"
#include "server/diffusion/samplers/sigma_schedule.h"

namespace easel::diffusion {

/// What the samplers of k-diffusion share: latents are a picture with noise of standard deviation sigma
/// added, and are scaled down for the network. https://arxiv.org/abs/2206.00364
class SigmaSampler : public Sampler {
protected:
    SigmaSampler(const SamplerSettings& settings, const SigmaSchedule& schedule, const at::Tensor& noise);

    at::Tensor scaled(const at::Tensor& latents) const override;
    at::Tensor noised(std::size_t index, const at::Tensor& picture, const at::Tensor& noise) const override;
    at::Tensor pictureAt(std::size_t index, const at::Tensor& latents,
                         const at::Tensor& output) const override;
    /// The direction in which the noise grows there.
    at::Tensor derivative(std::size_t index, const at::Tensor& latents, const at::Tensor& output) const;
    /// The level at which the network is asked at evaluation `index`; one past the last, where it ends.
    float sigma(std::size_t index) const { return m_sigmas[index]; }

private:
    models::PredictionType m_prediction;
    std::vector<float> m_sigmas;
};

}  // namespace easel::diffusion
