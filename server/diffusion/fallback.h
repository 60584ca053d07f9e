// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <exception>
#include <string>

#include "server/diffusion/networks/vae/vae.h"

namespace easel::diffusion {

/// Whether memory ran out, on a GPU or on the CPU.
bool isOutOfMemory(const std::exception& error);

/// What a VAE made of a picture, and how, where it did not see it in one piece: a sentence, or else nothing.
struct Made {
    at::Tensor result;
    std::string note;
};

/// latents [1, C, H, W], already divided by the scaling factor → [1, 3, 8H, 8W]. In one piece where that
/// takes at most `room` bytes, or else in the largest tiles that do; in smaller ones where the memory does
/// not suffice after all. Throws what libtorch does when the smallest are too large.
Made decodeWithin(const Vae& vae, const models::VaeConfig& config, const at::Tensor& latents,
                  std::int64_t room);
/// The same the other way: pixels [1, 3, 8H, 8W] → [1, 2C, H, W].
Made encodeWithin(const Vae& vae, const models::VaeConfig& config, const at::Tensor& pixels,
                  std::int64_t room);

}  // namespace easel::diffusion
