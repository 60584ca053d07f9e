// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/samplers/sampler.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "server/diffusion/failure.h"
#include "server/diffusion/samplers/registry.h"

namespace easel::diffusion {

Sampler::Sampler(const std::vector<double>& timesteps, at::Tensor latents)
    : m_timesteps(timesteps.begin(), timesteps.end()),
      m_latents(std::move(latents)),
      m_end(m_timesteps.size()) {}

Query Sampler::next() const {
    return {scaled(m_latents), m_timesteps[m_index]};
}

void Sampler::startFrom(const at::Tensor& picture, const at::Tensor& noise, int first) {
    m_begin = static_cast<std::size_t>(first) * evaluations();
    if (m_begin >= m_timesteps.size()) {
        throw Failure(protocol::invalidField(
            "strength", "So little strength leaves no step to take; ask for more of it, or for more steps."));
    }
    m_index = m_begin;
    m_latents = noised(m_begin, picture, noise);
}

/// A step that is begun is ended: in its middle the latents are at none of its levels.
std::size_t Sampler::firstStepBelow(float timestep) const {
    const auto found = std::ranges::find_if(m_timesteps, [timestep](float t) { return t < timestep; });
    const auto index = static_cast<std::size_t>(found - m_timesteps.begin());
    const std::size_t each = evaluations();
    return std::min((index + each - 1) / each * each, m_timesteps.size());
}

bool Sampler::endAbove(float timestep) {
    m_end = firstStepBelow(timestep);
    return m_end > m_index;
}

bool Sampler::goOnBelow(float timestep, at::Tensor latents) {
    m_begin = firstStepBelow(timestep);
    m_index = m_begin;
    m_latents = std::move(latents);
    return !done();
}

void Sampler::accept(const at::Tensor& output) {
    m_asked = m_latents;
    m_answer = output.to(m_latents.scalar_type());
    m_latents = step(m_index, m_asked, m_answer);
    ++m_index;
}

void Sampler::keep(const at::Tensor& picture, const at::Tensor& noise, const at::Tensor& mask) {
    // A refiner still has noise to take away where this one is done.
    const at::Tensor kept = m_index < m_timesteps.size() ? noised(m_index, picture, noise) : picture;
    m_latents = (1 - mask) * kept + mask * m_latents;
}

float timestepAfter(double share, int trainTimesteps) {
    return static_cast<float>(std::nearbyint(trainTimesteps - share * trainTimesteps));
}

const SamplerEntry& samplerEntry(std::string_view name) {
    for (const SamplerEntry* const entry : kSamplerEntries) {
        if (entry->name == name) {
            return *entry;
        }
    }
    throw Failure(protocol::invalidField("sampler", "There is no sampler called " + std::string(name) + "."));
}

std::unique_ptr<Sampler> makeSampler(std::string_view name, const SamplerSettings& settings, int steps,
                                     at::Tensor noise, at::Generator generator) {
    return samplerEntry(name).make(settings, steps, std::move(noise), std::move(generator));
}

}  // namespace easel::diffusion
