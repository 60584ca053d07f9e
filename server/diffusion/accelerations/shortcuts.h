// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

namespace easel::diffusion {

/// How a UNet's forward pass over B pictures is made short; as it stands, not at all.
struct Shortcuts {
    /// Share of the places that self-attention sees as one with another, where its map is largest: 0 to 0.75.
    double tokenMerging = 0;
    /// [B, C, H, W]: what an earlier pass left. With it only what lies beyond is run.
    at::Tensor features = {};
    /// Where a whole pass leaves what comes before its last layer; null: nowhere.
    at::Tensor* leave = nullptr;
};

}  // namespace easel::diffusion
