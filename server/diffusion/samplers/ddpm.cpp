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

constexpr float kLeastVariance = 1e-20F;

/// Samples each step's posterior, of the smaller of the two variances. https://arxiv.org/abs/2006.11239,
/// formulas 6 and 7
class Ddpm : public Sampler {
public:
    Ddpm(const SamplerSettings& settings, int steps, at::Tensor noise, at::Generator generator)
        : Sampler(rounded(spacedTimesteps(settings, steps)), std::move(noise)),
          m_settings(settings),
          m_alphas(alphasCumprod(settings)),
          m_generator(std::move(generator)) {}

private:
    at::Tensor step(std::size_t index, const at::Tensor& latents, const at::Tensor& output) override {
        const float a = alphaAt(index);
        const float p = index + 1 < timesteps().size() ? alphaAt(index + 1) : 1;
        at::Tensor picture = pictureAt(index, latents, output);
        if (m_settings.clipSample) {
            picture = picture.clamp(-m_settings.clipSampleRange, m_settings.clipSampleRange);
        }
        const float kept = a / p;
        const float added = 1 - kept;
        const at::Tensor mean =
            (std::sqrt(p) * added / (1 - a)) * picture + (std::sqrt(kept) * (1 - p) / (1 - a)) * latents;
        if (timesteps()[index] == 0) {
            return mean;
        }
        const float variance = std::max((1 - p) / (1 - a) * added, kLeastVariance);
        return mean + std::sqrt(variance) * freshNoise(latents, m_generator);
    }

    at::Tensor pictureAt(std::size_t index, const at::Tensor& latents,
                         const at::Tensor& output) const override {
        return pictureIn(latents, output, mixtureAt(alphaAt(index)), m_settings.prediction);
    }

    at::Tensor noised(std::size_t index, const at::Tensor& picture, const at::Tensor& noise) const override {
        return noisedAt(alphaAt(index), picture, noise);
    }

    float alphaAt(std::size_t index) const {
        return m_alphas.at(static_cast<std::size_t>(timesteps()[index]));
    }

    SamplerSettings m_settings;
    std::vector<float> m_alphas;
    at::Generator m_generator;
};

}  // namespace

const SamplerEntry kDdpm{
    .name = "ddpm",
    .reads = SamplerEntry::ClipSample | SamplerEntry::ZeroSnr,
    .spacing = models::TimestepSpacing::Leading,
    .stepsFit = timestepsFit,
    .make = [](const SamplerSettings& settings, int steps, at::Tensor noise,
               at::Generator generator) -> std::unique_ptr<Sampler> {
        return std::make_unique<Ddpm>(settings, steps, std::move(noise), std::move(generator));
    },
};

}  // namespace easel::diffusion
