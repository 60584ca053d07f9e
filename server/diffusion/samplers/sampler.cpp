// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/samplers/sampler.h"

#include <ATen/ATen.h>

#include <string>
#include <utility>

#include "server/diffusion/failure.h"
#include "server/diffusion/samplers/kinds.h"

namespace easel::diffusion {

Sampler::Sampler(const std::vector<double>& timesteps, at::Tensor latents)
    : m_timesteps(timesteps.begin(), timesteps.end()), m_latents(std::move(latents)) {}

Query Sampler::next() const {
    return {scaled(m_latents), m_timesteps[m_index]};
}

void Sampler::accept(const at::Tensor& output) {
    m_latents = step(m_index, m_latents, output.to(m_latents.scalar_type()));
    ++m_index;
}

std::unique_ptr<Sampler> makeSampler(std::string_view name, const models::SamplerSettings& settings,
                                     int steps, at::Tensor noise, at::Generator generator) {
    if (name == "pndm") {
        return makePndm(settings, steps, std::move(noise));
    }
    if (name == "ddim") {
        return makeDdim(settings, steps, std::move(noise));
    }
    if (name == "euler") {
        return makeEuler(settings, steps, noise);
    }
    if (name == "euler_a") {
        return makeEulerAncestral(settings, steps, noise, std::move(generator));
    }
    if (name == "dpmpp_2m") {
        return makeDpmpp2m(settings, steps, std::move(noise));
    }
    throw Failure(protocol::invalidField("sampler", "There is no sampler called " + std::string(name) + "."));
}

}  // namespace easel::diffusion
