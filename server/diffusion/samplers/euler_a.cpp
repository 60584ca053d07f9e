// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>

#include <cmath>
#include <utility>

#include "server/diffusion/samplers/euler.h"
#include "server/diffusion/samplers/registry.h"

namespace easel::diffusion {
namespace {

/// Euler ancestral: steps below the next level of noise, then adds fresh noise up to it.
class EulerAncestral : public EulerSampler {
public:
    EulerAncestral(const SamplerSettings& settings, const SigmaSchedule& schedule, const at::Tensor& noise,
                   at::Generator generator)
        : EulerSampler(settings, schedule, noise), m_generator(std::move(generator)) {}

private:
    at::Tensor step(std::size_t index, const at::Tensor& latents, const at::Tensor& output) override {
        const float from = sigma(index);
        const float to = sigma(index + 1);
        const float up = std::sqrt(to * to * (from * from - to * to) / (from * from));
        const float down = std::sqrt(to * to - up * up);
        // Drawn at the last step too, where it counts for nothing, as the reference does.
        const at::Tensor noise = at::randn(latents.sizes(), m_generator, at::kFloat).to(latents.device());
        return latents + derivative(latents, output, from) * (down - from) + noise * up;
    }

    at::Generator m_generator;
};

}  // namespace

const SamplerEntry kEulerAncestral{
    .name = "euler_a",
    .reads = SamplerEntry::ZeroSnr,
    .stepsFit = eulerStepsFit,
    .make = [](const SamplerSettings& settings, int steps, at::Tensor noise,
               at::Generator generator) -> std::unique_ptr<Sampler> {
        return std::make_unique<EulerAncestral>(settings, eulerSchedule(settings, steps), noise,
                                                std::move(generator));
    },
};

}  // namespace easel::diffusion
