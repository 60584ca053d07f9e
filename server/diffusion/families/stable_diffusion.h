// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "server/diffusion/families/family.h"

/// Stable Diffusion 1.x, 2.x and XL: text encoders of CLIP's, a UNet that is given their features, a VAE. See
/// partsOf() and loadNetworks().
namespace easel::diffusion::stable_diffusion {

Parts partsOf(const models::ModelFolder& model, const Placement& placement, const Adapters& adapters);
Networks load(const models::ModelFolder& model, const Placement& placement, const Adapters& adapters,
              Parts& parts);

}  // namespace easel::diffusion::stable_diffusion
