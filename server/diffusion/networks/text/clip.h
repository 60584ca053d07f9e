// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
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

/// Rows of a text that are not looked up.
struct GivenRows {
    std::int64_t text = 0;  ///< which of the batch
    std::int64_t at = 0;    ///< the first of them
    at::Tensor rows;        ///< [n, width]
};

/// How an encoder's features are read.
struct TextReading {
    int skippedLayers = 0;  ///< from the last
    bool finalNorm = true;  ///< of the layer that is read
    at::Tensor ends = {};   ///< [B] int64: where each prompt has its EOS
    std::vector<GivenRows> given = {};
};

/// What an encoder makes of prompts.
struct TextFeatures {
    at::Tensor tokens;  ///< [B, T, width]
    at::Tensor whole;   ///< [B, projection]; undefined without `ends`, and in encoders that have none
};

/// Turns token ids into what the UNet listens to: the text half of CLIP. https://arxiv.org/abs/2103.00020
class TextEncoder {
public:
    TextEncoder(const Weights& all, const models::TextEncoderConfig& config);

    std::int64_t width() const { return token_embedding.size(1); }

    /// ids [B, T] int64. Throws Failure where there are not so many layers to skip.
    TextFeatures forward(const at::Tensor& ids, const TextReading& reading = {}) const;

private:
    at::Tensor token_embedding;
    at::Tensor position_embedding;
    std::vector<TextLayer> layers;
    LayerNorm final_layer_norm;
    std::optional<Linear> text_projection;
};

}  // namespace easel::diffusion
