// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>

#include <utility>

#include "server/diffusion/samplers/fresh_noise.h"
#include "server/diffusion/samplers/registry.h"
#include "server/diffusion/samplers/sigma_sampler.h"

namespace easel::diffusion {
namespace {

/// Along the slope from level to level.
class Euler : public SigmaSampler {
public:
    Euler(const SamplerSettings& settings, const SigmaSchedule& schedule, const at::Tensor& noise)
        : SigmaSampler(settings, schedule, noise) {}

private:
    at::Tensor step(std::size_t index, const at::Tensor& latents, const at::Tensor& output) override {
        return latents + derivative(index, latents, output) * (sigma(index + 1) - sigma(index));
    }
};

/// Euler ancestral: steps below the next level of noise, then adds fresh noise up to it.
class EulerAncestral : public SigmaSampler {
public:
    EulerAncestral(const SamplerSettings& settings, const SigmaSchedule& schedule, const at::Tensor& noise,
                   at::Generator generator)
        : SigmaSampler(settings, schedule, noise), m_eta(settings.eta), m_generator(std::move(generator)) {}

private:
    at::Tensor step(std::size_t index, const at::Tensor& latents, const at::Tensor& output) override {
        const auto [down, up] = ancestralStep(sigma(index), sigma(index + 1), m_eta);
        // Drawn at the last step too, where it counts for nothing, as the reference does.
        const at::Tensor noise = freshNoise(latents, m_generator);
        return latents + derivative(index, latents, output) * (down - sigma(index)) + noise * up;
    }

    double m_eta;
    at::Generator m_generator;
};

}  // namespace

const SamplerEntry kEuler{
    .name = "euler",
    .reads = SamplerEntry::ZeroSnr | SamplerEntry::FinalSigma | SamplerEntry::Levels,
    .stepsFit = sigmaStepsFit,
    .make = [](const SamplerSettings& settings, int steps, at::Tensor noise,
               at::Generator) -> std::unique_ptr<Sampler> {
        return std::make_unique<Euler>(settings, sigmaSchedule(settings, steps), noise);
    },
};

const SamplerEntry kEulerAncestral{
    .name = "euler_a",
    .reads = SamplerEntry::ZeroSnr,
    .eta = 1,
    .stepsFit = sigmaStepsFit,
    .make = [](const SamplerSettings& settings, int steps, at::Tensor noise,
               at::Generator generator) -> std::unique_ptr<Sampler> {
        return std::make_unique<EulerAncestral>(settings, sigmaSchedule(settings, steps), noise,
                                                std::move(generator));
    },
};

}  // namespace easel::diffusion
