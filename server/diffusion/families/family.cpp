// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/families/family.h"

#include "server/diffusion/families/stable_diffusion.h"

namespace easel::diffusion {

Parts partsOf(const models::ModelFolder& model, const Placement& placement, const Adapters& adapters) {
    switch (model.family) {
        case models::Family::StableDiffusion:
        case models::Family::StableDiffusionXL:
        case models::Family::StableDiffusionXLRefiner:
            break;
    }
    return stable_diffusion::partsOf(model, placement, adapters);
}

Networks loadNetworks(const models::ModelFolder& model, const Placement& placement, const Adapters& adapters,
                      Parts& parts) {
    switch (model.family) {
        case models::Family::StableDiffusion:
        case models::Family::StableDiffusionXL:
        case models::Family::StableDiffusionXLRefiner:
            break;
    }
    return stable_diffusion::load(model, placement, adapters, parts);
}

}  // namespace easel::diffusion
