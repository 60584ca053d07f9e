// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <span>

namespace easel::diffusion {

/// What a picture is to be, as a denoiser takes it. B is the number of pictures; the others are the model's.
struct Conditioning {
    at::Tensor context = {};   ///< [B, T, D]: the prompt, token by token
    at::Tensor pooled = {};    ///< [B, P]: the prompt as a whole; undefined in families without
    at::Tensor extraIds = {};  ///< [B, N] float32: sizes and the like; undefined in families without
    at::Tensor concat = {};    ///< [B, C', H, W]: channels beside the latents; undefined in models without
    at::Tensor guidance = {};  ///< [B] float32: the scale, in models that were taught it; else undefined
};

/// Conditions of one family and length, one after another along B.
Conditioning stacked(std::span<const Conditioning> parts);

}  // namespace easel::diffusion
