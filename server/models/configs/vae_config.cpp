// SPDX-License-Identifier: Apache-2.0
#include "server/models/configs/vae_config.h"

#include "server/models/files/json_object.h"

namespace easel::models {

protocol::Expected<VaeConfig> readVaeConfig(const std::filesystem::path& file) {
    auto read = JsonObject::read(file);
    if (!read) {
        return tl::unexpected(std::move(read.error()));
    }
    JsonObject& json = *read;
    VaeConfig config;
    json.require("_class_name", "AutoencoderKL");
    json.require("in_channels", 3);
    json.require("out_channels", 3);
    json.requireSilu("act_fn");
    json.require("down_block_types", "DownEncoderBlock2D");
    json.require("up_block_types", "UpDecoderBlock2D");
    config.latentChannels = json.integer("latent_channels", config.latentChannels);
    config.blockOutChannels = json.integers("block_out_channels", config.blockOutChannels);
    config.layersPerBlock = json.integer("layers_per_block", config.layersPerBlock);
    config.normGroups = json.integer("norm_num_groups", config.normGroups);
    config.sampleSize = json.integer("sample_size", config.sampleSize);
    config.scalingFactor = json.number("scaling_factor", config.scalingFactor);
    config.quantConv = json.boolean("use_quant_conv", config.quantConv);
    config.postQuantConv = json.boolean("use_post_quant_conv", config.postQuantConv);
    config.midAttention = json.boolean("mid_block_add_attention", config.midAttention);
    config.forceUpcast = json.boolean("force_upcast", config.forceUpcast);
    config.latentStats = json.has("latents_mean") && json.has("latents_std");

    // Sides are multiples of 8, so a latent must not stand for more pixels than that.
    if (config.blockOutChannels.empty() || config.blockOutChannels.size() > 4) {
        json.refuse("block_out_channels", "must have 1 to 4 entries");
    }
    for (const int channels : config.blockOutChannels) {
        if (channels % config.normGroups != 0) {
            json.refuse("block_out_channels",
                        "must be multiples of norm_num_groups " + std::to_string(config.normGroups));
        }
    }
    for (const char* const types : {"down_block_types", "up_block_types"}) {
        if (json.texts(types, {""}).size() != config.blockOutChannels.size()) {
            json.refuse(types, "must have as many entries as block_out_channels");
        }
    }
    if (json.problem()) {
        return tl::unexpected(*json.problem());
    }
    return config;
}

}  // namespace easel::models
