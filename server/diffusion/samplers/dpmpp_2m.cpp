// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>

#include <cmath>
#include <utility>

#include "server/diffusion/samplers/registry.h"
#include "server/diffusion/samplers/timesteps.h"

namespace easel::diffusion {
namespace {

// Below this many steps the last one falls back to first order.
constexpr std::size_t kFewSteps = 15;

/// A level of noise as this solver sees it: how much picture, how much noise, and half the logarithm of
/// their ratio.
struct Level {
    explicit Level(float sigma)
        : alpha(1 / std::sqrt(sigma * sigma + 1)),
          noise(sigma * alpha),
          lambda(std::log(alpha) - std::log(noise)) {}

    float alpha;
    float noise;
    float lambda;
};

/// DPM-Solver++ of order two, multistep, midpoint. https://arxiv.org/abs/2211.01095
class Dpmpp2m : public Sampler {
public:
    Dpmpp2m(const SamplerSettings& settings, const SigmaSchedule& schedule, at::Tensor noise)
        : Sampler(schedule.timesteps, std::move(noise)), m_settings(settings), m_sigmas(schedule.sigmas) {}

private:
    at::Tensor step(std::size_t index, const at::Tensor& latents, const at::Tensor& output) override {
        const Level now(m_sigmas[index]);
        const Level next(m_sigmas[index + 1]);
        const at::Tensor picture = m_settings.prediction == models::PredictionType::VPrediction
                                       ? now.alpha * latents - now.noise * output
                                       : (latents - now.noise * output) / now.alpha;
        const at::Tensor before = std::exchange(m_before, picture);

        const float h = next.lambda - now.lambda;
        const float gain = next.alpha * (std::exp(-h) - 1);
        at::Tensor moved = (next.noise / now.noise) * latents - gain * picture;
        if (before.defined() && !firstOrderAt(index)) {
            const float ratio = (now.lambda - Level(m_sigmas[index - 1]).lambda) / h;
            moved = moved - (0.5F * gain) * ((1 / ratio) * (picture - before));
        }
        return moved;
    }

    at::Tensor noised(std::size_t index, const at::Tensor& picture, const at::Tensor& noise) const override {
        const Level level(m_sigmas[index]);
        return level.alpha * picture + level.noise * noise;
    }

    bool firstOrderAt(std::size_t index) const {
        const bool last = index + 1 == timesteps().size();
        return last && (m_settings.finalSigma == models::FinalSigma::Zero || m_settings.eulerAtFinal ||
                        (m_settings.lowerOrderFinal && timesteps().size() < kFewSteps));
    }

    SamplerSettings m_settings;
    std::vector<float> m_sigmas;
    at::Tensor m_before;
};

}  // namespace

const SamplerEntry kDpmpp2m{
    .name = "dpmpp_2m",
    .reads = SamplerEntry::ZeroSnr | SamplerEntry::FinalSigma | SamplerEntry::Karras,
    .stepsFit = multistepStepsFit,
    .make = [](const SamplerSettings& settings, int steps, at::Tensor noise,
               at::Generator) -> std::unique_ptr<Sampler> {
        return std::make_unique<Dpmpp2m>(settings, multistepSchedule(settings, steps), std::move(noise));
    },
};

}  // namespace easel::diffusion
