// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <memory>
#include <string>

#include "server/diffusion/samplers/sampler.h"

namespace easel::tests {

/// A sampler that starts from `start`, with a generator of its own.
inline std::unique_ptr<diffusion::Sampler> makeSampler(const diffusion::SamplerSettings& settings,
                                                       const std::string& sampler, int steps,
                                                       const at::Tensor& start) {
    return diffusion::makeSampler(sampler, settings, steps, start,
                                  at::make_generator<at::CPUGeneratorImpl>(std::uint64_t{0}));
}

/// Where a sampler arrives when the model answers in * t / (t + 1).
inline at::Tensor walk(diffusion::Sampler& sampler) {
    while (!sampler.done()) {
        const diffusion::Query query = sampler.next();
        sampler.accept(query.input * (query.timestep / (query.timestep + 1)));
    }
    return sampler.latents();
}

inline at::Tensor run(const diffusion::SamplerSettings& settings, const std::string& sampler, int steps,
                      const at::Tensor& start) {
    return walk(*makeSampler(settings, sampler, steps, start));
}

}  // namespace easel::tests
