// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "server/diffusion/accelerations/token_merging.h"
#include "server/diffusion/networks/layers.h"

namespace easel::diffusion {

/// Multi-head attention of a UNet: queries from x, keys and values from a context (or from x itself).
struct Attention {
    Attention(const Weights& in, std::int64_t channels, std::int64_t contextWidth, std::int64_t headCount);
    /// x [B, S, channels], context [B, T, contextWidth] → [B, S, channels].
    at::Tensor forward(const at::Tensor& x, const at::Tensor& context) const;
    /// The same + `added` of that shape.
    at::Tensor forwardAdd(const at::Tensor& x, const at::Tensor& context, const at::Tensor& added) const;

    Linear to_q;
    Linear to_k;
    Linear to_v;
    Linear to_out_0;
    std::int64_t heads;

private:
    /// Before the last layer.
    at::Tensor gathered(const at::Tensor& x, const at::Tensor& context) const;
};

/// A gated feed-forward layer (GEGLU, https://arxiv.org/abs/2002.05202).
struct FeedForward {
    FeedForward(const Weights& in, std::int64_t channels);
    /// x [B, S, channels] → the same shape.
    at::Tensor forward(const at::Tensor& x) const;

    Linear net_0_proj;
    Linear net_2;
};

/// Self-attention, cross-attention and feed-forward, each added to its input.
struct TransformerBlock {
    TransformerBlock(const Weights& in, std::int64_t channels, std::int64_t contextWidth, std::int64_t heads);
    /// x [B, S, channels], context [B, T, contextWidth] → [B, S, channels].
    at::Tensor forward(at::Tensor x, const at::Tensor& context, const TokensMerged& merged = {}) const;

    LayerNorm norm1;
    Attention attn1;
    LayerNorm norm2;
    Attention attn2;
    LayerNorm norm3;
    FeedForward ff;
};

/// Lets every place of a feature map look at every other and at the prompt.
struct SpatialTransformer {
    struct Shape {
        std::int64_t channels;
        std::int64_t contextWidth;
        std::int64_t heads;
        std::int64_t depth;
        std::int64_t groups;
        bool linearProjection;  ///< proj_in and proj_out are linear layers, not 1x1 convolutions
    };

    SpatialTransformer(const Weights& in, const Shape& shape);
    /// x [B, channels, H, W], context [B, T, contextWidth] → [B, channels, H, W]. `merging`: the share of its
    /// places that join others.
    at::Tensor forward(const at::Tensor& x, const at::Tensor& context, double merging = 0) const;

    GroupNorm norm;
    std::optional<Linear> linear_in;  // proj_in, proj_out: one kind or the other
    std::optional<Linear> linear_out;
    std::optional<Conv2d> conv_in;
    std::optional<Conv2d> conv_out;
    std::vector<TransformerBlock> transformer_blocks;
};

}  // namespace easel::diffusion
