// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/networks/transformer.h"

#include "server/diffusion/networks/ops.h"

namespace easel::diffusion {
namespace {

// Transformer2DModel fixes this one; only the resnets' epsilon is configurable.
constexpr double kNormEps = 1e-6;

}  // namespace

Attention::Attention(const Weights& in, std::int64_t channels, std::int64_t contextWidth,
                     std::int64_t headCount)
    : to_q(in / "to_q", channels, channels, Linear::Bias::Without),
      to_k(in / "to_k", contextWidth, channels, Linear::Bias::Without),
      to_v(in / "to_v", contextWidth, channels, Linear::Bias::Without),
      to_out_0(in / "to_out.0", channels, channels),
      heads(headCount) {}

at::Tensor Attention::gathered(const at::Tensor& x, const at::Tensor& context) const {
    return ops::attention(to_q.forward(x), to_k.forward(context), to_v.forward(context), heads);
}

at::Tensor Attention::forward(const at::Tensor& x, const at::Tensor& context) const {
    return to_out_0.forward(gathered(x, context));
}

at::Tensor Attention::forwardAdd(const at::Tensor& x, const at::Tensor& context,
                                 const at::Tensor& added) const {
    return to_out_0.forwardAdd(gathered(x, context), added);
}

FeedForward::FeedForward(const Weights& in, std::int64_t channels)
    : net_0_proj(in / "net.0.proj", channels, 8 * channels), net_2(in / "net.2", 4 * channels, channels) {}

at::Tensor FeedForward::forward(const at::Tensor& x) const {
    return net_2.forward(ops::geglu(net_0_proj.forward(x)));
}

TransformerBlock::TransformerBlock(const Weights& in, std::int64_t channels, std::int64_t contextWidth,
                                   std::int64_t heads)
    : norm1(in / "norm1", channels),
      attn1(in / "attn1", channels, channels, heads),
      norm2(in / "norm2", channels),
      attn2(in / "attn2", channels, contextWidth, heads),
      norm3(in / "norm3", channels),
      ff(in / "ff", channels) {}

at::Tensor TransformerBlock::forward(at::Tensor x, const at::Tensor& context,
                                     const TokensMerged& merged) const {
    at::Tensor h = norm1.forward(x);
    if (merged.share > 0) {
        const TokenMerging tokens(x, merged);
        h = tokens.merge(h);
        x = tokens.unmerge(attn1.forward(h, h)).add_(x);
    } else {
        x = attn1.forwardAdd(h, h, x);
    }
    x = attn2.forwardAdd(norm2.forward(x), context, x);
    ops::byRows(x, 8 * x.size(-1), [this](at::Tensor rows) { rows.add_(ff.forward(norm3.forward(rows))); });
    return x;
}

SpatialTransformer::SpatialTransformer(const Weights& in, const Shape& shape)
    : norm(in / "norm", shape.groups, shape.channels, kNormEps) {
    if (shape.linearProjection) {
        linear_in.emplace(in / "proj_in", shape.channels, shape.channels);
        linear_out.emplace(in / "proj_out", shape.channels, shape.channels);
    } else {
        conv_in.emplace(in / "proj_in", shape.channels, shape.channels, 1);
        conv_out.emplace(in / "proj_out", shape.channels, shape.channels, 1);
    }
    for (std::int64_t i = 0; i < shape.depth; ++i) {
        transformer_blocks.emplace_back(in / "transformer_blocks" / i, shape.channels, shape.contextWidth,
                                        shape.heads);
    }
}

at::Tensor SpatialTransformer::forward(const at::Tensor& x, const at::Tensor& context, double merging) const {
    at::Tensor h = norm.forward(x);
    h = conv_in ? ops::toSequence(conv_in->forward(h)) : linear_in->forward(ops::toSequence(h));
    for (const auto& block : transformer_blocks) {
        h = block.forward(std::move(h), context, {merging, x.size(3)});
    }
    h = conv_out ? conv_out->forward(ops::toMap(h, x)) : ops::toMap(linear_out->forward(h), x);
    return h.add_(x);
}

}  // namespace easel::diffusion
