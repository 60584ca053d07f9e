// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "server/diffusion/networks/layers.h"
#include "server/models/configs/text_encoder_config.h"

namespace easel::diffusion {

struct TextAttention {
    TextAttention(const Weights& in, std::int64_t width, std::int64_t headCount);
    /// [B, T, width] → the same; each token sees those before it.
    at::Tensor forward(const at::Tensor& x) const;

    Linear q_proj;
    Linear k_proj;
    Linear v_proj;
    Linear out_proj;
    std::int64_t heads;
};

struct TextLayer {
    TextLayer(const Weights& in, const models::TextEncoderConfig& config);
    /// [B, T, width] → the same
    at::Tensor forward(at::Tensor x) const;

    LayerNorm layer_norm1;
    TextAttention self_attn;
    LayerNorm layer_norm2;
    Linear mlp_fc1;
    Linear mlp_fc2;
    bool quickGelu;
};

/// Turns token ids into what the UNet listens to: the text half of CLIP. https://arxiv.org/abs/2103.00020
class TextEncoder {
public:
    TextEncoder(const Weights& all, const models::TextEncoderConfig& config);

    /// ids [B, T] int64 → [B, T, width], the last layer's output after the final norm, or that of the layer
    /// `skipped` before it. Throws Failure where there are not so many.
    at::Tensor forward(const at::Tensor& ids, int skipped = 0) const;

private:
    at::Tensor token_embedding;
    at::Tensor position_embedding;
    std::vector<TextLayer> layers;
    LayerNorm final_layer_norm;
};

}  // namespace easel::diffusion
