// SPDX-License-Identifier: Apache-2.0
#include "server/models/configs/text_encoder_config.h"

#include <optional>
#include <utility>

#include "server/models/files/json_object.h"

namespace easel::models {

protocol::Expected<TextEncoderConfig> readTextEncoderConfig(const std::filesystem::path& file,
                                                            bool withProjection) {
    auto read = JsonObject::read(file);
    if (!read) {
        return tl::unexpected(std::move(read.error()));
    }
    // A whole CLIP's file has the text encoder's within.
    const bool isWhole = read->text("model_type", "") == "clip";
    std::optional<JsonObject> inner = isWhole ? read->object("text_config") : std::nullopt;
    JsonObject& json = inner ? *inner : *read;
    TextEncoderConfig config;
    json.require("model_type", "clip_text_model");
    json.require("use_attention_mask", false);
    config.vocabSize = json.integer("vocab_size", config.vocabSize, 3, 1 << 24);
    config.hiddenSize = json.integer("hidden_size", config.hiddenSize);
    config.intermediateSize = json.integer("intermediate_size", config.intermediateSize);
    config.layers = json.integer("num_hidden_layers", config.layers);
    config.heads = json.integer("num_attention_heads", config.heads);
    config.maxPositions = json.integer("max_position_embeddings", config.maxPositions, 3);
    config.layerNormEps = json.number("layer_norm_eps", config.layerNormEps);
    if (withProjection) {
        config.projectionDim = json.integer("projection_dim", 512);
    }
    const std::string activation = json.text("hidden_act", "quick_gelu");
    if (activation == "gelu") {
        config.activation = Activation::Gelu;
    } else if (activation != "quick_gelu") {
        json.refuse("hidden_act", "is not supported by this engine; it can be \"quick_gelu\" or \"gelu\"");
    }
    if (config.hiddenSize % config.heads != 0) {
        json.refuse("num_attention_heads",
                    "does not divide hidden_size " + std::to_string(config.hiddenSize));
    }
    if (json.problem()) {
        return tl::unexpected(*json.problem());
    }
    return config;
}

}  // namespace easel::models
