// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/samplers/fresh_noise.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace easel::diffusion {

at::Tensor freshNoise(const at::Tensor& latents, const at::Generator& generator) {
    return at::randn(latents.sizes(), generator, at::kFloat).to(latents.device());
}

AncestralStep ancestralStep(float from, float to, double eta) {
    const float all = std::sqrt(to * to * (from * from - to * to) / (from * from));
    const float up = std::min(to, static_cast<float>(eta) * all);
    return {std::sqrt(to * to - up * up), up};
}

}  // namespace easel::diffusion
