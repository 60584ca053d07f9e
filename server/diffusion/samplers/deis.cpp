// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>

#include <cmath>
#include <utility>

#include "server/diffusion/samplers/registry.h"
#include "server/diffusion/samplers/sigma_schedule.h"
#include "server/diffusion/samplers/solver_level.h"

namespace easel::diffusion {
namespace {

// Below this many steps the last one falls back to first order.
constexpr std::size_t kFewSteps = 15;

/// The integral over sigma, up to `end`, of the line in log sigma that is 1 at `one` and 0 at `zero`.
double integral(double end, double one, double zero) {
    return end * (std::log(end) - std::log(zero) - 1) / (std::log(one) - std::log(zero));
}

/// Exponential integrator whose noise is extrapolated as a line in log sigma, of order two. It ends at the
/// least level that the model was trained with, never at none. https://arxiv.org/abs/2204.13902, "ρAB"
class Deis : public Sampler {
public:
    Deis(const SamplerSettings& settings, const SigmaSchedule& schedule, at::Tensor noise)
        : Sampler(schedule.timesteps, std::move(noise)), m_settings(settings), m_sigmas(schedule.sigmas) {}

private:
    at::Tensor step(std::size_t index, const at::Tensor& latents, const at::Tensor& output) override {
        const SolverLevel now(m_sigmas[index]);
        const SolverLevel next(m_sigmas[index + 1]);
        const at::Tensor noise = noiseIn(latents, output, now.mixture(), m_settings.prediction);
        const at::Tensor before = std::exchange(m_before, noise);
        const bool isLast = index + 1 == timesteps().size();
        if (!before.defined() || (isLast && m_settings.lowerOrderFinal && timesteps().size() < kFewSteps)) {
            const float h = next.lambda - now.lambda;
            return (next.alpha / now.alpha) * latents - (next.noise * (std::exp(h) - 1)) * noise;
        }
        // In double: the integrals are far larger than their differences.
        const double here = m_sigmas[index];
        const double there = m_sigmas[index + 1];
        const double last = m_sigmas[index - 1];
        const double one = integral(there, here, last) - integral(here, here, last);
        const double other = integral(there, last, here) - integral(here, last, here);
        return next.alpha * (latents / now.alpha + one * noise + other * before);
    }

    at::Tensor pictureAt(std::size_t index, const at::Tensor& latents,
                         const at::Tensor& output) const override {
        return pictureIn(latents, output, SolverLevel(m_sigmas[index]).mixture(), m_settings.prediction);
    }

    at::Tensor noised(std::size_t index, const at::Tensor& picture, const at::Tensor& noise) const override {
        const SolverLevel level(m_sigmas[index]);
        return level.alpha * picture + level.noise * noise;
    }

    SamplerSettings m_settings;
    std::vector<float> m_sigmas;
    at::Tensor m_before;
};

}  // namespace

const SamplerEntry kDeis{
    .name = "deis",
    .reads = SamplerEntry::Levels,
    .finalSigma = models::FinalSigma::SigmaMin,
    .stepsFit = multistepStepsFit,
    .make = [](const SamplerSettings& settings, int steps, at::Tensor noise,
               at::Generator) -> std::unique_ptr<Sampler> {
        return std::make_unique<Deis>(settings, multistepSchedule(settings, steps), std::move(noise));
    },
};

}  // namespace easel::diffusion
