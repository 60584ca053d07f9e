// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "server/diffusion/families/family.h"

namespace easel::diffusion {

/// Stable Diffusion 1.x and 2.x: CLIP's text encoder, a UNet that is given its features, a VAE.
Networks loadStableDiffusion(const models::ModelFolder& model, const Placement& placement,
                             std::vector<std::string>& notes);

}  // namespace easel::diffusion
