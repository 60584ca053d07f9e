// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "server/diffusion/samplers/sampler.h"

// One maker for each sampler, for makeSampler() alone; each lives in a file of its own.
namespace easel::diffusion {

std::unique_ptr<Sampler> makePndm(const models::SamplerSettings& settings, int steps, at::Tensor noise);
std::unique_ptr<Sampler> makeDdim(const models::SamplerSettings& settings, int steps, at::Tensor noise);
std::unique_ptr<Sampler> makeEuler(const models::SamplerSettings& settings, int steps,
                                   const at::Tensor& noise);
std::unique_ptr<Sampler> makeEulerAncestral(const models::SamplerSettings& settings, int steps,
                                            const at::Tensor& noise, at::Generator generator);
std::unique_ptr<Sampler> makeDpmpp2m(const models::SamplerSettings& settings, int steps, at::Tensor noise);

}  // namespace easel::diffusion
