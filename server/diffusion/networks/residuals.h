// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace easel::diffusion {

/// The maps [B, C, H, W] that a UNet's way down leaves for the way up.
using Skips = std::vector<at::Tensor>;

/// What another network (a ControlNet) adds to a UNet's maps before they go up.
struct Residuals {
    Skips skips = {};     ///< one for each skip, in the order in which they are left; or none
    at::Tensor mid = {};  ///< for the middle block's output; or undefined

    /// Throws Failure where the skips are not as many.
    void addTo(Skips& onSkips, at::Tensor& onMid) const;
    /// Both together; either may be empty.
    void add(const Residuals& other);
};

}  // namespace easel::diffusion
