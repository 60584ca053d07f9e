// SPDX-License-Identifier: Apache-2.0
#include "server/models/configs/unet_config.h"

#include <algorithm>
#include <string>

#include <fmt/core.h>

#include "server/models/files/json_object.h"

namespace easel::models {

namespace {

/// What Stable Diffusion leaves at its default, and what this engine has just that default of. Keys that only
/// other kinds of blocks read are passed over.
void requireDefaults(JsonObject& json) {
    json.require("_class_name", "UNet2DConditionModel");
    json.require("mid_block_type", "UNetMidBlock2DCrossAttn");
    json.require("resnet_time_scale_shift", "default");
    json.require("time_embedding_type", "positional");
    json.require("attention_type", "default");
    for (const char* const key : {"center_input_sample", "only_cross_attention", "dual_cross_attention"}) {
        json.require(key, false);
    }
    json.require("downsample_padding", 1);
    if (!json.isNull("mid_block_type")) {
        json.require("mid_block_scale_factor", 1);
    }
    for (const char* const key : {"conv_in_kernel", "conv_out_kernel"}) {
        json.require(key, 3);
    }
    for (const char* const key :
         {"num_attention_heads", "encoder_hid_dim", "encoder_hid_dim_type", "class_embed_type",
          "num_class_embeds", "time_embedding_dim", "time_embedding_act_fn", "timestep_post_act",
          "reverse_transformer_layers_per_block"}) {
        json.requireNone(key);
    }
    for (const char* const key : {"cross_attention_dim", "norm_num_groups", "attention_head_dim",
                                  "resnet_time_scale_shift", "time_embedding_type"}) {
        json.requireSome(key);
    }
    json.requireSilu("act_fn");
}

/// Which blocks of `key` have attention: their types are `with` or `without`.
std::vector<bool> attentionOf(JsonObject& json, const char* key, const std::vector<std::string>& fallback,
                              const std::string& with, const std::string& without) {
    std::vector<bool> attention;
    for (const std::string& type : json.texts(key, fallback)) {
        if (type != with && type != without) {
            json.refuse(key, fmt::format("has the block type \"{}\", which is not supported by this engine; "
                                         "it can be \"{}\" or \"{}\"",
                                         type, with, without));
        }
        attention.push_back(type == with);
    }
    return attention;
}

/// What the time embedding is given beside the timestep.
void readAdditions(JsonObject& json, UNetConfig& config) {
    config.guidanceWidth = json.integer("time_cond_proj_dim", 0, 4);
    if (config.guidanceWidth % 2 != 0) {
        json.refuse("time_cond_proj_dim", "must be an even number: half of it are sines");
    }
    if (!json.has("addition_embed_type")) {
        return;
    }
    json.require("addition_embed_type", "text_time");
    for (const char* const key : {"addition_time_embed_dim", "projection_class_embeddings_input_dim"}) {
        if (!json.has(key)) {
            json.refuse(key, "is missing; \"addition_embed_type\" needs it");
        }
    }
    config.additionIdWidth = json.integer("addition_time_embed_dim", 256, 2);
    config.additionWidth = json.integer("projection_class_embeddings_input_dim", 2816);
    if (config.additionIdWidth % 2 != 0) {
        json.refuse("addition_time_embed_dim", "must be an even number: half of it are sines");
    }
}

void readBlocks(JsonObject& json, UNetConfig& config) {
    const std::string down = "DownBlock2D";
    const std::string crossDown = "CrossAttnDownBlock2D";
    const std::string up = "UpBlock2D";
    const std::string crossUp = "CrossAttnUpBlock2D";
    const auto channels = json.integers("block_out_channels", {320, 640, 1280, 1280});
    const std::size_t count = channels.size();
    const auto downAttention =
        attentionOf(json, "down_block_types", {crossDown, crossDown, crossDown, down}, crossDown, down);
    const auto upAttention =
        attentionOf(json, "up_block_types", {up, crossUp, crossUp, crossUp}, crossUp, up);
    if (count == 0 || downAttention.size() != count || upAttention.size() != count) {
        json.refuse("block_out_channels",
                    "must have as many entries as down_block_types and up_block_types, and at least one");
        return;
    }
    const auto layers = json.perBlock("layers_per_block", count, 2);
    // Despite its name this key holds the number of heads: a mistake that every SD model carries along.
    const auto heads = json.perBlock("attention_head_dim", count, 8);
    const auto depths = json.perBlock("transformer_layers_per_block", count, 1);
    for (std::size_t i = 0; i < count; ++i) {
        if (channels[i] % config.normGroups != 0) {
            json.refuse("block_out_channels",
                        "must be multiples of norm_num_groups " + std::to_string(config.normGroups));
        }
        config.down.push_back({channels[i], layers[i], downAttention[i], heads[i], depths[i]});
    }
    if (channels[0] % 2 != 0) {
        json.refuse("block_out_channels", "must begin with an even number: half of it are sines");
    }
    if (!json.isNull("mid_block_type")) {
        config.mid = {channels.back(), 1, true, heads.back(), depths.back()};
    }
    for (std::size_t i = 0; i < count; ++i) {
        UNetBlock block = config.down[count - 1 - i];
        block.layers += 1;
        block.attention = upAttention[i];
        config.up.push_back(block);
    }
    const auto misfit = [](const UNetBlock& block) {
        return block.attention && block.channels % block.heads != 0;
    };
    if (std::any_of(config.down.begin(), config.down.end(), misfit) || (config.mid && misfit(*config.mid)) ||
        std::any_of(config.up.begin(), config.up.end(), misfit)) {
        json.refuse("attention_head_dim", "does not divide the channels of its block");
    }
}

}  // namespace

protocol::Expected<UNetConfig> readUNetConfig(const std::filesystem::path& file) {
    auto read = JsonObject::read(file);
    if (!read) {
        return tl::unexpected(std::move(read.error()));
    }
    JsonObject& json = *read;
    UNetConfig config;
    requireDefaults(json);
    config.inChannels = json.integer("in_channels", config.inChannels);
    config.outChannels = json.integer("out_channels", config.outChannels);
    config.sampleSize = json.integer("sample_size", config.sampleSize);
    config.crossAttentionDim = json.integer("cross_attention_dim", config.crossAttentionDim);
    config.linearProjection = json.boolean("use_linear_projection", config.linearProjection);
    config.normGroups = json.integer("norm_num_groups", config.normGroups);
    config.normEps = json.number("norm_eps", config.normEps);
    config.flipSinToCos = json.boolean("flip_sin_to_cos", config.flipSinToCos);
    config.freqShift = json.number("freq_shift", config.freqShift, -1);
    readAdditions(json, config);
    readBlocks(json, config);
    if (json.problem()) {
        return tl::unexpected(*json.problem());
    }
    // A sine and a cosine each.
    const int waves = std::min(config.timeChannels(),
                               config.additionWidth > 0 ? config.additionIdWidth : config.timeChannels()) /
                      2;
    if (config.freqShift >= waves) {
        json.refuse("freq_shift", "must be below half of the first block's channels");
        return tl::unexpected(*json.problem());
    }
    return config;
}

}  // namespace easel::models
