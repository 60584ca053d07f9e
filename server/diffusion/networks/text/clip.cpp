// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/networks/text/clip.h"

#include <ATen/ATen.h>

#include <string>
#include <utility>

#include "server/diffusion/failure.h"
#include "server/diffusion/networks/ops.h"

namespace easel::diffusion {
namespace {

/// Where the layers' names begin: newer files leave out the first part.
Weights root(const Weights& all) {
    return all.has("text_model.final_layer_norm.weight") ? all / "text_model" : all;
}

}  // namespace

TextAttention::TextAttention(const Weights& in, std::int64_t width, std::int64_t headCount)
    : q_proj(in / "q_proj", width, width),
      k_proj(in / "k_proj", width, width),
      v_proj(in / "v_proj", width, width),
      out_proj(in / "out_proj", width, width),
      heads(headCount) {}

at::Tensor TextAttention::forward(const at::Tensor& x) const {
    return out_proj.forward(
        ops::attention(q_proj.forward(x), k_proj.forward(x), v_proj.forward(x), heads, true));
}

TextLayer::TextLayer(const Weights& in, const models::TextEncoderConfig& config)
    : layer_norm1(in / "layer_norm1", config.hiddenSize, config.layerNormEps),
      self_attn(in / "self_attn", config.hiddenSize, config.heads),
      layer_norm2(in / "layer_norm2", config.hiddenSize, config.layerNormEps),
      mlp_fc1(in / "mlp.fc1", config.hiddenSize, config.intermediateSize),
      mlp_fc2(in / "mlp.fc2", config.intermediateSize, config.hiddenSize),
      quickGelu(config.activation == models::Activation::QuickGelu) {}

at::Tensor TextLayer::forward(at::Tensor x) const {
    x = self_attn.forward(layer_norm1.forward(x)).add_(x);
    at::Tensor h = mlp_fc1.forward(layer_norm2.forward(x));
    h = quickGelu ? ops::quickGelu(h) : at::gelu(h);
    return mlp_fc2.forward(h).add_(x);
}

TextEncoder::TextEncoder(const Weights& all, const models::TextEncoderConfig& config)
    : token_embedding(
          root(all).tensor("embeddings.token_embedding.weight", {config.vocabSize, config.hiddenSize})),
      position_embedding(
          root(all).tensor("embeddings.position_embedding.weight", {config.maxPositions, config.hiddenSize})),
      final_layer_norm(root(all) / "final_layer_norm", config.hiddenSize, config.layerNormEps) {
    const Weights in = root(all);
    in.ignore("embeddings.position_ids");  // 0, 1, 2, ...: files of 2022 carry it
    if (config.projectionDim > 0) {
        text_projection.emplace(all / "text_projection", config.hiddenSize, config.projectionDim,
                                Linear::Bias::Without);
    }
    for (const char* const name :
         {"text_projection.weight", "visual_projection.weight", "logit_scale", "vision_model."}) {
        all.passOver(name);  // of the whole CLIP
    }
    for (int i = 0; i < config.layers; ++i) {
        layers.emplace_back(in / "encoder.layers" / i, config);
    }
}

TextFeatures TextEncoder::forward(const at::Tensor& ids, const TextReading& reading) const {
    const int count = static_cast<int>(layers.size());
    const int last = count - reading.skippedLayers;
    if (last < 0) {
        const int most = count + (reading.finalNorm ? 1 : 0);
        throw Failure(protocol::invalidField(
            "clip_skip", "The text encoder of this model has " + std::to_string(count) +
                             " layers: clip_skip can be " + std::to_string(most) + " at most."));
    }
    at::Tensor x = at::embedding(token_embedding, ids);
    for (const GivenRows& given : reading.given) {
        x[given.text].slice(0, given.at, given.at + given.rows.size(0)).copy_(given.rows);
    }
    x.add_(position_embedding.slice(0, 0, ids.size(1)));
    for (int i = 0; i < last; ++i) {
        x = layers[static_cast<std::size_t>(i)].forward(std::move(x));
    }
    TextFeatures features{reading.finalNorm ? final_layer_norm.forward(x) : x, {}};
    if (text_projection && reading.ends.defined()) {
        for (int i = last; i < count; ++i) {
            x = layers[static_cast<std::size_t>(i)].forward(std::move(x));
        }
        const at::Tensor rows = at::arange(ids.size(0), reading.ends.options());
        features.whole = text_projection->forward(final_layer_norm.forward(x).index({rows, reading.ends}));
    }
    return features;
}

}  // namespace easel::diffusion
