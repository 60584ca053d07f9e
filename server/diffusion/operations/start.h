// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <vector>

namespace easel::diffusion {

/// What the VAE makes of a picture, [1, C, H, W] float32 each, not yet scaled.
struct Posterior {
    at::Tensor mean;
    at::Tensor deviation;
    std::string note = {};  ///< as of Made
};

/// The part of a picture that is drawn anew.
struct Masked {
    at::Tensor mask;  ///< [1, 1, H, W] float32: 1 there, 0 elsewhere
    /// The rest of the picture, for models that are given it beside the latents.
    std::optional<Posterior> rest = {};
    bool beginsWithNoise = false;  ///< and not with what was there
};

/// What a picture begins with, beside its noise.
struct Start {
    std::optional<Posterior> picture = {};  ///< each image takes a sample of its own
    at::Tensor latents = {};                ///< [1, C, H, W] float32, instead of that; else undefined
    int first = 0;                          ///< the first step that is taken
    std::optional<Masked> masked = {};
    /// [1, C', H, W], beside the latents in models that inpaint or edit; else undefined.
    at::Tensor channels = {};
    std::vector<std::string> savings = {};  ///< what was done to save memory, a sentence each or nothing
};

}  // namespace easel::diffusion
