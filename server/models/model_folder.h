// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "server/models/configs/scheduler_config.h"
#include "server/models/configs/text_encoder_config.h"
#include "server/models/configs/tokenizer_config.h"
#include "server/models/configs/unet_config.h"
#include "server/models/configs/vae_config.h"
#include "server/models/family.h"
#include "server/models/files/tensor_source.h"
#include "shared/protocol/problem.h"
#include "shared/protocol/server_info.h"

namespace easel::models {

/// Parts with weights that every model has, by the names that openWeights() takes.
inline constexpr std::string_view kUNet = "unet";
inline constexpr std::string_view kVae = "vae";

/// A text encoder, and the tokenizer that was trained with it.
struct TextComponent {
    std::string name;                       ///< of the part with the encoder's weights: "text_encoder_2"
    std::filesystem::path tokenizerFolder;  ///< where its vocabulary lies
    TokenizerConfig tokenizer;
    TextEncoderConfig encoder;
};

/// A Stable Diffusion model: all that its small files say. Weights are opened apart, by openWeights().
struct ModelFolder {
    std::filesystem::path root;
    Family family = Family::StableDiffusion;
    std::vector<TextComponent> texts;  ///< in the order in which the UNet takes their features
    UNetConfig unet;
    VaeConfig vae;
    SchedulerConfig scheduler;
    /// An empty negative prompt stands for features that are all zero.
    bool zerosForEmptyPrompt = false;
    /// How it likes to be used: from its configs, and from easel.json where the folder has one.
    protocol::ModelInfo info;
};

/// Reads and checks every config below `root`. Errors name the file, the key and the value at fault.
protocol::Expected<ModelFolder> openModelFolder(const std::filesystem::path& root);

/// The parts of `model` that have weights: its text encoders', kUNet, kVae.
std::vector<std::string> partsWithWeights(const ModelFolder& model);
/// The tensors of a part, by diffusers' names, wherever they lie. Errors name the file.
protocol::Expected<TensorSource> openWeights(const ModelFolder& model, std::string_view part);
/// The file that says how a part is built: together with the weights' files it tells one network from others.
std::filesystem::path configOf(const ModelFolder& model, std::string_view part);

/// How many numbers all its weights have, by their files' headers. Errors name the file.
protocol::Expected<std::int64_t> countWeights(const ModelFolder& model);

}  // namespace easel::models
