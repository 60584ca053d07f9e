// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>

#include <cmath>
#include <utility>

#include "server/diffusion/samplers/fresh_noise.h"
#include "server/diffusion/samplers/noise_schedule.h"
#include "server/diffusion/samplers/prediction.h"
#include "server/diffusion/samplers/registry.h"
#include "server/diffusion/samplers/timesteps.h"

namespace easel::diffusion {
namespace {

// The deviation that pictures are taken to have.
constexpr double kDataDeviation = 0.5;

/// What the samplers of distilled models share: they jump to a picture, and from there to where the next
/// timestep has it.
class ConsistencySampler : public Sampler {
protected:
    ConsistencySampler(const SamplerSettings& settings, int steps, at::Tensor noise, at::Generator generator)
        : Sampler(distilledTimesteps(settings, steps), std::move(noise)),
          m_settings(settings),
          m_alphas(alphasCumprod(settings)),
          m_generator(std::move(generator)) {}

    const SamplerSettings& settings() const { return m_settings; }
    bool isLast(std::size_t index) const { return index + 1 == timesteps().size(); }
    float alphaAt(float timestep) const { return m_alphas.at(static_cast<std::size_t>(timestep)); }
    at::Tensor fresh(const at::Tensor& latents) const { return freshNoise(latents, m_generator); }

    at::Tensor pictureAt(std::size_t index, const at::Tensor& latents,
                         const at::Tensor& output) const override {
        return pictureIn(latents, output, mixtureAt(alphaAt(timesteps()[index])), m_settings.prediction);
    }

private:
    at::Tensor noised(std::size_t index, const at::Tensor& picture, const at::Tensor& noise) const override {
        return noisedAt(alphaAt(timesteps()[index]), picture, noise);
    }

    SamplerSettings m_settings;
    std::vector<float> m_alphas;
    at::Generator m_generator;
};

/// https://arxiv.org/abs/2310.04378, algorithm 3
class Lcm : public ConsistencySampler {
public:
    Lcm(const SamplerSettings& settings, int steps, at::Tensor noise, at::Generator generator)
        : ConsistencySampler(settings, steps, std::move(noise), std::move(generator)) {}

private:
    at::Tensor step(std::size_t index, const at::Tensor& latents, const at::Tensor& output) override {
        const at::Tensor seen = pictureAt(index, latents, output);
        // At the first timestep the latents are the picture; the further from it, the less they count.
        const double time = timesteps()[index] * settings().timestepScaling;
        const double total = time * time + kDataDeviation * kDataDeviation;
        const at::Tensor picture =
            (time / std::sqrt(total)) * seen + (kDataDeviation * kDataDeviation / total) * latents;
        if (isLast(index)) {
            return picture;
        }
        const Mixture next = mixtureAt(alphaAt(timesteps()[index + 1]));
        return next.picture * picture + next.noise * fresh(latents);
    }
};

/// Goes along the trajectory to a part of the next timestep, and up to that with fresh noise: the smaller eta
/// is (the paper's gamma), the less of it. https://arxiv.org/abs/2402.19159, algorithm 4
class Tcd : public ConsistencySampler {
public:
    Tcd(const SamplerSettings& settings, int steps, at::Tensor noise, at::Generator generator)
        : ConsistencySampler(settings, steps, std::move(noise), std::move(generator)) {}

private:
    at::Tensor step(std::size_t index, const at::Tensor& latents, const at::Tensor& output) override {
        const Mixture now = mixtureAt(alphaAt(timesteps()[index]));
        const float next = isLast(index) ? 0 : timesteps()[index + 1];
        const float s = alphaAt(std::floor(static_cast<float>(1 - settings().eta) * next));
        const at::Tensor moved = std::sqrt(s) * pictureAt(index, latents, output) +
                                 std::sqrt(1 - s) * noiseIn(latents, output, now, settings().prediction);
        if (isLast(index) || settings().eta == 0) {
            return moved;
        }
        const float left = alphaAt(next) / s;
        return std::sqrt(left) * moved + std::sqrt(1 - left) * fresh(latents);
    }
};

constexpr models::Betas kBetas{0.00085, 0.012, models::BetaSchedule::ScaledLinear};

}  // namespace

const SamplerEntry kLcm{
    .name = "lcm",
    .reads = SamplerEntry::ZeroSnr,
    .betas = kBetas,
    .stepsFit = distilledStepsFit,
    .make = [](const SamplerSettings& settings, int steps, at::Tensor noise,
               at::Generator generator) -> std::unique_ptr<Sampler> {
        return std::make_unique<Lcm>(settings, steps, std::move(noise), std::move(generator));
    },
};

const SamplerEntry kTcd{
    .name = "tcd",
    .reads = SamplerEntry::ZeroSnr,
    .betas = kBetas,
    .eta = 0.3,
    .stepsFit = distilledStepsFit,
    .make = [](const SamplerSettings& settings, int steps, at::Tensor noise,
               at::Generator generator) -> std::unique_ptr<Sampler> {
        return std::make_unique<Tcd>(settings, steps, std::move(noise), std::move(generator));
    },
};

}  // namespace easel::diffusion
