// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

#include "server/diffusion/networks/vae/tiny_decoder.h"
#include "server/diffusion/networks/vae/vae.h"
#include "server/models/configs/vae_config.h"

/// What latents will be, seen roughly and soon. Colours are about -1 to 1.
namespace easel::diffusion {

/// The colour that each latent stands for, about: linear in its channels.
struct LatentColours {
    at::Tensor weight;  ///< [3, C] float32
    at::Tensor bias;    ///< [3] float32
};

/// Those of Stable Diffusion's and of XL's latents; nothing for a VAE of another shape or scaling.
std::optional<LatentColours> knownColours(const models::VaeConfig& config);
/// Those of any VAE, by what it makes of a few random latents: decodes them once.
LatentColours fittedColours(const Vae& vae, const models::VaeConfig& config);

/// latents [1, C, H, W] float32, as the denoiser has them → [1, 3, H', W'] float32: a pixel for each, or for
/// several where there are more than 256 along a side.
at::Tensor inColours(const at::Tensor& latents, const LatentColours& colours);
/// The same with a decoder: at most protocol::kMaxPreviewSide pixels along a side, for which larger latents
/// are made smaller first.
at::Tensor decodedQuickly(const at::Tensor& latents, const TinyDecoder& decoder);

}  // namespace easel::diffusion
