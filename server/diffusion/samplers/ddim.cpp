// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>

#include <cmath>
#include <utility>

#include "server/diffusion/samplers/noise_schedule.h"
#include "server/diffusion/samplers/registry.h"
#include "server/diffusion/samplers/timesteps.h"

namespace easel::diffusion {
namespace {

/// The deterministic one (eta 0). https://arxiv.org/abs/2010.02502, formula 12
class Ddim : public Sampler {
public:
    Ddim(const SamplerSettings& settings, int steps, at::Tensor noise)
        : Sampler(rounded(spacedTimesteps(settings, steps)), std::move(noise)),
          m_settings(settings),
          m_alphas(alphasCumprod(settings)),
          m_stride(settings.trainTimesteps / steps) {}

private:
    at::Tensor step(std::size_t index, const at::Tensor& latents, const at::Tensor& output) override {
        const int t = static_cast<int>(timesteps()[index]);
        const int previous = t - m_stride;  // not the next timestep of the list
        const float a = m_alphas.at(static_cast<std::size_t>(t));
        const float p = previous >= 0 ? m_alphas[static_cast<std::size_t>(previous)]
                                      : (m_settings.setAlphaToOne ? 1.0F : m_alphas.front());

        at::Tensor picture;
        at::Tensor noise;
        if (m_settings.prediction == models::PredictionType::VPrediction) {
            picture = std::sqrt(a) * latents - std::sqrt(1 - a) * output;
            noise = std::sqrt(a) * output + std::sqrt(1 - a) * latents;
        } else {
            picture = (latents - std::sqrt(1 - a) * output) / std::sqrt(a);
            noise = output;
        }
        if (m_settings.clipSample) {
            picture = picture.clamp(-m_settings.clipSampleRange, m_settings.clipSampleRange);
        }
        return std::sqrt(p) * picture + std::sqrt(1 - p) * noise;
    }

    at::Tensor noised(std::size_t index, const at::Tensor& picture, const at::Tensor& noise) const override {
        return noisedAt(m_alphas.at(static_cast<std::size_t>(timesteps()[index])), picture, noise);
    }

    SamplerSettings m_settings;
    std::vector<float> m_alphas;
    int m_stride;
};

}  // namespace

const SamplerEntry kDdim{
    .name = "ddim",
    .reads = SamplerEntry::ClipSample | SamplerEntry::LastAlpha | SamplerEntry::ZeroSnr,
    .spacing = models::TimestepSpacing::Leading,
    .setAlphaToOne = true,
    .stepsFit = timestepsFit,
    .make = [](const SamplerSettings& settings, int steps, at::Tensor noise, at::Generator)
        -> std::unique_ptr<Sampler> { return std::make_unique<Ddim>(settings, steps, std::move(noise)); },
};

}  // namespace easel::diffusion
