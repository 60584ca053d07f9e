// SPDX-License-Identifier: Apache-2.0
#include "server/models/checkpoints/shapes.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include <fmt/core.h>

#include "server/models/files/model_problem.h"

namespace easel::models {

namespace {

constexpr int kNormGroups = 32;
constexpr int kHeadsOfStableDiffusion1 = 8;
constexpr int kHeadSize = 64;
constexpr int kAdditionIdWidth = 256;
constexpr int kLeastPositions = 3;
constexpr int kMostBlocks = 64;  // of any list
constexpr std::int64_t kMostChannels = 1 << 20;

/// Reads shapes; what is missing is remembered and told at the end, as JsonObject does it.
class Shapes {
public:
    explicit Shapes(const TensorSource& source) : m_source(source) {}

    bool has(const std::string& name) const { return m_source.find(name) != nullptr; }

    /// Extent `axis` of `name`, which has `rank` of them.
    int extent(const std::string& name, std::size_t rank, std::size_t axis) {
        const TensorEntry* const tensor = m_source.find(name);
        if (tensor == nullptr) {
            refuse(name, "is missing");
            return 1;
        }
        if (tensor->shape.size() != rank || tensor->shape[axis] < 1 || tensor->shape[axis] > kMostChannels) {
            refuse(name, "has another shape than it has in any model that Easel knows");
            return 1;
        }
        return static_cast<int>(tensor->shape[axis]);
    }
    std::size_t rank(const std::string& name) const {
        const TensorEntry* const tensor = m_source.find(name);
        return tensor != nullptr ? tensor->shape.size() : 0;
    }
    /// How many of `begin`0`end`, `begin`1`end` and so on there are, without a gap.
    int count(const std::string& begin, const std::string& end) const {
        int count = 0;
        while (count < kMostBlocks && has(fmt::format("{}{}{}", begin, count, end))) {
            ++count;
        }
        return count;
    }

    void refuse(const std::string& name, const std::string& what) {
        if (!m_problem) {
            m_problem =
                modelProblem(m_source.files().front().path, fmt::format("The tensor {} {}.", name, what));
        }
    }
    const std::optional<protocol::Problem>& problem() const { return m_problem; }

private:
    const TensorSource& m_source;
    std::optional<protocol::Problem> m_problem;
};

/// The config, unless something was missing.
template <typename Config>
protocol::Expected<Config> result(const Shapes& shapes, Config config) {
    if (shapes.problem()) {
        return tl::unexpected(*shapes.problem());
    }
    return config;
}

/// A block at `place`; `linear`: its transformers begin with a linear layer.
UNetBlock unetBlock(Shapes& shapes, const std::string& place, bool linear) {
    UNetBlock block;
    const std::string conv = place + "resnets.0.conv1.weight";
    block.channels = shapes.extent(conv, 4, 0);
    block.layers = shapes.count(place + "resnets.", ".conv1.weight");
    block.attention = shapes.has(place + "attentions.0.proj_in.weight");
    block.heads = linear ? std::max(1, block.channels / kHeadSize) : kHeadsOfStableDiffusion1;
    if (block.attention) {
        block.transformerDepth =
            std::max(1, shapes.count(place + "attentions.0.transformer_blocks.", ".norm1.weight"));
    }
    if (block.channels % kNormGroups != 0) {
        shapes.refuse(conv, fmt::format("has {} channels, which do not part into {} groups for its norm",
                                        block.channels, kNormGroups));
    }
    if (block.attention && block.channels % block.heads != 0) {
        shapes.refuse(conv, fmt::format("has {} channels, which do not part into {} heads", block.channels,
                                        block.heads));
    }
    return block;
}

/// Where the first of the transformers is, down or in the middle; empty when there is none.
std::string firstTransformer(const Shapes& shapes, int blocks) {
    for (int i = 0; i < blocks; ++i) {
        if (auto place = fmt::format("down_blocks.{}.attentions.0.", i);
            shapes.has(place + "proj_in.weight")) {
            return place;
        }
    }
    return "mid_block.attentions.0.";
}

}  // namespace

protocol::Expected<UNetConfig> unetFromShapes(const TensorSource& source) {
    Shapes shapes(source);
    UNetConfig config;
    const int blocks = shapes.count("down_blocks.", ".resnets.0.conv1.weight");
    const std::string transformer = firstTransformer(shapes, blocks);
    config.linearProjection = shapes.rank(transformer + "proj_in.weight") == 2;
    config.crossAttentionDim = shapes.extent(transformer + "transformer_blocks.0.attn2.to_k.weight", 2, 1);
    config.inChannels = shapes.extent("conv_in.weight", 4, 1);
    config.outChannels = shapes.extent("conv_out.weight", 4, 0);
    config.normGroups = kNormGroups;
    if (const std::string addition = "add_embedding.linear_1.weight"; shapes.has(addition)) {
        config.additionWidth = shapes.extent(addition, 2, 1);
        config.additionIdWidth = kAdditionIdWidth;
    }
    if (const std::string guidance = "time_embedding.cond_proj.weight"; shapes.has(guidance)) {
        config.guidanceWidth = shapes.extent(guidance, 2, 1);
    }
    for (int i = 0; i < blocks; ++i) {
        config.down.push_back(unetBlock(shapes, fmt::format("down_blocks.{}.", i), config.linearProjection));
    }
    if (shapes.has("mid_block.resnets.0.conv1.weight")) {
        config.mid = unetBlock(shapes, "mid_block.", config.linearProjection);
        config.mid->layers = 1;  // as UNetConfig counts them: one before the transformer
    }
    const int up = shapes.count("up_blocks.", ".resnets.0.conv1.weight");
    for (int i = 0; i < up; ++i) {
        config.up.push_back(unetBlock(shapes, fmt::format("up_blocks.{}.", i), config.linearProjection));
    }
    if (blocks == 0 || up != blocks) {
        shapes.refuse("up_blocks.0.resnets.0.conv1.weight",
                      fmt::format("begins {} blocks up, but there are {} down", up, blocks));
    }
    return result(shapes, std::move(config));
}

protocol::Expected<VaeConfig> vaeFromShapes(const TensorSource& source) {
    Shapes shapes(source);
    VaeConfig config;
    config.latentChannels = shapes.extent("decoder.conv_in.weight", 4, 1);
    config.normGroups = kNormGroups;
    config.quantConv = shapes.has("quant_conv.weight");
    config.postQuantConv = shapes.has("post_quant_conv.weight");
    config.midAttention = shapes.has("decoder.mid_block.attentions.0.group_norm.weight");
    config.blockOutChannels.clear();
    const int blocks = shapes.count("encoder.down_blocks.", ".resnets.0.conv1.weight");
    for (int i = 0; i < blocks; ++i) {
        const std::string conv = fmt::format("encoder.down_blocks.{}.resnets.0.conv1.weight", i);
        config.blockOutChannels.push_back(shapes.extent(conv, 4, 0));
        if (config.blockOutChannels.back() % kNormGroups != 0) {
            shapes.refuse(conv, fmt::format("has {} channels, which do not part into {} groups for its norm",
                                            config.blockOutChannels.back(), kNormGroups));
        }
    }
    config.layersPerBlock = shapes.count("encoder.down_blocks.0.resnets.", ".conv1.weight");
    if (blocks == 0) {
        shapes.refuse("encoder.down_blocks.0.resnets.0.conv1.weight", "is missing");
    }
    return result(shapes, std::move(config));
}

protocol::Expected<TextEncoderConfig> textEncoderFromShapes(const TensorSource& source, Activation activation,
                                                            bool withProjection) {
    Shapes shapes(source);
    // transformers 5 leaves out the first word.
    const std::string in = shapes.has("text_model.final_layer_norm.weight") ? "text_model." : "";
    TextEncoderConfig config;
    const std::string words = in + "embeddings.token_embedding.weight";
    config.vocabSize = shapes.extent(words, 2, 0);
    config.hiddenSize = shapes.extent(words, 2, 1);
    const std::string positions = in + "embeddings.position_embedding.weight";
    config.maxPositions = shapes.extent(positions, 2, 0);
    if (config.maxPositions < kLeastPositions) {
        shapes.refuse(positions,
                      fmt::format("has {} places: too few for BOS, a token and EOS", config.maxPositions));
    }
    config.layers = shapes.count(in + "encoder.layers.", ".mlp.fc1.weight");
    config.intermediateSize = shapes.extent(in + "encoder.layers.0.mlp.fc1.weight", 2, 0);
    config.heads = std::max(1, config.hiddenSize / kHeadSize);
    config.activation = activation;
    if (withProjection) {
        config.projectionDim = shapes.extent("text_projection.weight", 2, 0);
    }
    if (config.hiddenSize % config.heads != 0) {
        shapes.refuse(words, fmt::format("has {} features, which do not part into heads of {}",
                                         config.hiddenSize, kHeadSize));
    }
    return result(shapes, config);
}

}  // namespace easel::models
