// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "server/diffusion/networks/layers.h"
#include "server/diffusion/networks/upsampler.h"
#include "server/models/files/tensor_source.h"

namespace easel::diffusion {

/// How a decoder of TAESD's shape is built.
struct TinyDecoderShape {
    std::int64_t latentChannels = 4;
    std::int64_t width = 64;                 ///< channels of all layers but the first and the last
    std::vector<int> blocks = {3, 3, 3, 1};  ///< of each stage, the next of which is twice as large
};

/// Told by the tensors. Throws Failure where `source` is no such decoder.
TinyDecoderShape tinyDecoderShape(const models::TensorSource& source, std::int64_t latentChannels);

/// AutoencoderTinyBlock.
struct TinyBlock {
    TinyBlock(const Weights& in, std::int64_t width);
    /// x [B, width, H, W] → the same shape.
    at::Tensor forward(const at::Tensor& x) const;

    Conv2d conv_0;
    Conv2d conv_2;
    Conv2d conv_4;
};

/// Turns latents into pixels much faster than a VAE does, and less well: the decoder half of an
/// AutoencoderTiny.
class TinyDecoder {
public:
    TinyDecoder(const Weights& in, const TinyDecoderShape& shape);

    /// latents [B, latent channels, H, W], as the denoiser has them → [B, 3, scale() H, scale() W], about -1
    /// to 1.
    at::Tensor forward(const at::Tensor& latents) const;

    at::ScalarType dtype() const { return conv_in.weight.scalar_type(); }
    /// Pixels per latent, along a side.
    std::int64_t scale() const { return std::int64_t{1} << upsamplers.size(); }

private:
    Conv2d conv_in;
    std::vector<std::vector<TinyBlock>> stages;
    std::vector<Upsampler> upsamplers;
    Conv2d conv_out;
};

}  // namespace easel::diffusion
