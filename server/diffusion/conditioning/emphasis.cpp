// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/conditioning/emphasis.h"

#include <ATen/ATen.h>

namespace easel::diffusion {

at::Tensor emphasized(const at::Tensor& features, std::span<const float> weights, bool keepsMean) {
    const at::Tensor given = features.to(at::kFloat);
    const at::Tensor factors =
        at::tensor(c10::ArrayRef<float>(weights.data(), weights.size())).to(features.device());
    at::Tensor weighed = given * factors.unsqueeze(1);
    if (keepsMean) {
        const at::Tensor ratio = given.mean() / weighed.mean();
        // Weights that leave nothing have no mean to go back to.
        weighed = weighed * at::where(at::isfinite(ratio), ratio, at::ones_like(ratio));
    }
    return weighed.to(features.scalar_type());
}

}  // namespace easel::diffusion
