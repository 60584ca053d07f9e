// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
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
/// A part that some have: the decoder of a tiny autoencoder, for previews (tiny_vae.h).
inline constexpr std::string_view kTinyVae = "tiny_vae";

/// A text encoder, and the tokenizer that was trained with it.
struct TextComponent {
    std::string name;  ///< of the part with the encoder's weights: "text_encoder_2"
    std::filesystem::path
        tokenizerFolder;  ///< where its vocabulary lies; empty: CLIP's own, which is shipped
    TokenizerConfig tokenizer;
    TextEncoderConfig encoder;
};

/// Where a part of a model lies, when that is not the folder of its name.
struct PartPlace {
    std::filesystem::path path;  ///< a folder with its weights, or a file that holds them
    bool average = false;        ///< the running average of its weights is meant
};

/// A Stable Diffusion model: all that its small files say. Weights are opened apart, by openWeights().
struct ModelFolder {
    std::filesystem::path root;  ///< a folder in diffusers' layout, or a checkpoint's one file
    /// By the part's name; what is not here lies in the folder of its name below `root`.
    std::map<std::string, PartPlace, std::less<>> places;
    std::vector<std::string> controlNets;  ///< parts that are added to it, in no order
    Family family = Family::StableDiffusion;
    std::vector<TextComponent> texts;  ///< in the order in which the UNet takes their features
    UNetConfig unet;
    VaeConfig vae;
    SchedulerConfig scheduler;
    std::string schedulerClass;  ///< in diffusers' words; empty where nothing says it
    /// An empty negative prompt stands for features that are all zero.
    bool zerosForEmptyPrompt = false;
    /// How it likes to be used: from its configs, and from easel.json or NAME.easel.json where there is one.
    protocol::ModelInfo info;
};

/// What a model is for, by what its UNet takes beside the latents.
enum class Task {
    Draw,     ///< nothing
    Inpaint,  ///< a mask, and the latents of what it leaves of a picture
    Edit,     ///< the latents of a picture
};
Task taskOf(const ModelFolder& model);
bool hasTinyVae(const ModelFolder& model);

/// Reads and checks every config below `root`, or what the tensors of a checkpoint say in their place. Errors
/// name the file, the key and the value at fault.
protocol::Expected<ModelFolder> openModelFolder(const std::filesystem::path& root);

/// Has `model` draw with the VAE in `place`, a folder with a config or a file that holds one.
protocol::Expected<void> replaceVae(ModelFolder& model, const std::filesystem::path& place);

/// Has `model` draw with the ControlNet in `place`, a folder or a file, too.
void addControlNet(ModelFolder& model, const std::filesystem::path& place);
/// The name of that part.
std::string controlNetPart(const std::filesystem::path& place);

/// The parts of `model` that have weights: its text encoders', kUNet, kVae, kTinyVae where it has one, its
/// ControlNets'.
std::vector<std::string> partsWithWeights(const ModelFolder& model);
/// The tensors of a part, by diffusers' names, wherever they lie. Errors name the file.
protocol::Expected<TensorSource> openWeights(const ModelFolder& model, std::string_view part);
/// The file that says how a part is built: together with the weights' files it tells one network from others.
std::filesystem::path configOf(const ModelFolder& model, std::string_view part);

/// How many numbers all its weights have, by their files' headers. Errors name the file.
protocol::Expected<std::int64_t> countWeights(const ModelFolder& model);

}  // namespace easel::models
