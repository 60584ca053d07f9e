// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/families/family.h"

#include "server/diffusion/families/stable_diffusion.h"

namespace easel::diffusion {

Networks loadNetworks(const models::ModelFolder& model, const Placement& placement,
                      std::vector<std::string>& notes) {
    switch (model.family) {
        case models::Family::StableDiffusion:
            break;
    }
    return loadStableDiffusion(model, placement, notes);
}

}  // namespace easel::diffusion
