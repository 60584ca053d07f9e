// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/conditioning/conditioning.h"

#include <ATen/ATen.h>

#include <vector>

namespace easel::diffusion {

Conditioning stacked(std::span<const Conditioning> parts) {
    if (parts.size() == 1) {
        return parts.front();
    }
    const auto along = [parts](at::Tensor Conditioning::*member) {
        std::vector<at::Tensor> tensors;
        for (const Conditioning& part : parts) {
            if ((part.*member).defined()) {
                tensors.push_back(part.*member);
            }
        }
        return tensors.empty() ? at::Tensor() : at::cat(tensors);
    };
    return {along(&Conditioning::context), along(&Conditioning::pooled), along(&Conditioning::extraIds),
            along(&Conditioning::concat), along(&Conditioning::guidance)};
}

}  // namespace easel::diffusion
