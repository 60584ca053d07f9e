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
#include "server/models/pipeline_classes.h"
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

/// A part of a model as its model_index.json names it.
struct IndexedPart {
    std::string name;     ///< its folder
    std::string library;  ///< "diffusers", "transformers": whose names its files have
};

/// The parts that a picture is made of, the scheduler among them, by the text of a model_index.json, which is
/// refused here as `openModelFolder` would refuse it. Errors call it `file`.
protocol::Expected<std::vector<IndexedPart>> readIndex(const std::filesystem::path& file,
                                                       std::string_view text);

/// How many numbers all its weights have, by their files' headers. Errors name the file.
protocol::Expected<std::int64_t> countWeights(const ModelFolder& model);

}  // namespace easel::models
