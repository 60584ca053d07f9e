// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <span>
#include <vector>

#include "server/models/pipeline_classes.h"
#include "server/models/scheduler_config.h"
#include "server/models/text_encoder_config.h"
#include "server/models/tokenizer_config.h"
#include "server/models/unet_config.h"
#include "server/models/vae_config.h"
#include "shared/protocol/problem.h"
#include "shared/protocol/server_info.h"

namespace easel::models {

/// A Stable Diffusion model in diffusers' layout: all that its small files say. Weights are opened apart,
/// with TensorSource, from the folders named here.
struct ModelFolder {
    std::filesystem::path root;
    Family family = Family::StableDiffusion;
    TokenizerConfig tokenizer;
    TextEncoderConfig textEncoder;
    UNetConfig unet;
    VaeConfig vae;
    SchedulerConfig scheduler;
    /// How it likes to be used: from its configs, and from easel.json where the folder has one.
    protocol::ModelInfo info;

    std::filesystem::path tokenizerFolder() const { return root / "tokenizer"; }
    std::filesystem::path textEncoderFolder() const { return root / "text_encoder"; }
    std::filesystem::path unetFolder() const { return root / "unet"; }
    std::filesystem::path vaeFolder() const { return root / "vae"; }
};

/// Reads and checks every config below `root`. Errors name the file, the key and the value at fault.
protocol::Expected<ModelFolder> openModelFolder(const std::filesystem::path& root);

/// What can be drawn with, and why the rest cannot.
struct Catalogue {
    std::vector<ModelFolder> models;
    std::vector<protocol::Problem> problems;
};

/// Each of `paths` is a model's folder, or a folder of such folders. Models come in the order of `paths`,
/// then by name; of two with the same id the first stays and the other is a problem.
Catalogue findModels(std::span<const std::filesystem::path> paths);

}  // namespace easel::models
