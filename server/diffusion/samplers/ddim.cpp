// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "server/diffusion/samplers/fresh_noise.h"
#include "server/diffusion/samplers/noise_schedule.h"
#include "server/diffusion/samplers/prediction.h"
#include "server/diffusion/samplers/registry.h"
#include "server/diffusion/samplers/timesteps.h"

namespace easel::diffusion {
namespace {

/// https://arxiv.org/abs/2010.02502, formula 12; without fresh noise unless it is asked for.
class Ddim : public Sampler {
public:
    Ddim(const SamplerSettings& settings, int steps, at::Tensor noise, at::Generator generator)
        : Sampler(rounded(spacedTimesteps(settings, steps)), std::move(noise)),
          m_settings(settings),
          m_alphas(alphasCumprod(settings)),
          m_stride(settings.trainTimesteps / steps),
          m_generator(std::move(generator)) {}

private:
    at::Tensor step(std::size_t index, const at::Tensor& latents, const at::Tensor& output) override {
        const int previous = static_cast<int>(timesteps()[index]) - m_stride;  // not the next of the list
        const float a = alphaAt(timesteps()[index]);
        const float p = previous >= 0 ? m_alphas[static_cast<std::size_t>(previous)]
                                      : (m_settings.setAlphaToOne ? 1.0F : m_alphas.front());
        at::Tensor picture = pictureAt(index, latents, output);
        const at::Tensor noise = noiseIn(latents, output, mixtureAt(a), m_settings.prediction);
        if (m_settings.clipSample) {
            picture = picture.clamp(-m_settings.clipSampleRange, m_settings.clipSampleRange);
        }
        const float fresh = static_cast<float>(m_settings.eta) * std::sqrt((1 - p) / (1 - a) * (1 - a / p));
        // What is left of the old noise may round to less than none, where all of it was noise.
        const float old = std::sqrt(std::max(1 - p - fresh * fresh, 0.0F));
        const at::Tensor moved = std::sqrt(p) * picture + old * noise;
        return m_settings.eta > 0 ? moved + fresh * freshNoise(latents, m_generator) : moved;
    }

    at::Tensor pictureAt(std::size_t index, const at::Tensor& latents,
                         const at::Tensor& output) const override {
        return pictureIn(latents, output, mixtureAt(alphaAt(timesteps()[index])), m_settings.prediction);
    }

    at::Tensor noised(std::size_t index, const at::Tensor& picture, const at::Tensor& noise) const override {
        return noisedAt(alphaAt(timesteps()[index]), picture, noise);
    }

    float alphaAt(float timestep) const { return m_alphas.at(static_cast<std::size_t>(timestep)); }

    SamplerSettings m_settings;
    std::vector<float> m_alphas;
    int m_stride;
    at::Generator m_generator;
};

}  // namespace

const SamplerEntry kDdim{
    .name = "ddim",
    .reads = SamplerEntry::ClipSample | SamplerEntry::LastAlpha | SamplerEntry::ZeroSnr,
    .spacing = models::TimestepSpacing::Leading,
    .setAlphaToOne = true,
    .stepsFit = timestepsFit,
    .make = [](const SamplerSettings& settings, int steps, at::Tensor noise,
               at::Generator generator) -> std::unique_ptr<Sampler> {
        return std::make_unique<Ddim>(settings, steps, std::move(noise), std::move(generator));
    },
};

}  // namespace easel::diffusion
