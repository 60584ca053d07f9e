// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/models/checkpoints/prediction.h"
#include "server/models/configs/text_encoder_config.h"
#include "server/models/configs/unet_config.h"
#include "server/models/configs/vae_config.h"
#include "server/models/family.h"
#include "server/models/files/tensor_source.h"
#include "shared/protocol/problem.h"

namespace easel::models {

/// What NAME.easel.json beside NAME.safetensors says of the file's weights. It may have all keys of a
/// folder's easel.json besides.
struct CheckpointNotes {
    std::optional<PredictionType> prediction;  ///< "prediction_type": the file's own guess is wrong
    bool average = false;                      ///< "ema": draws with the running average of the weights
    std::filesystem::path vae;                 ///< "vae": a file or folder whose VAE is to be used
    std::filesystem::path tinyVae;             ///< "tiny_vae": a file whose decoder draws previews
    std::filesystem::path base;                ///< "base": a model that has the parts that are missing
};

/// NAME.easel.json for NAME.safetensors, whether it is there or not.
std::filesystem::path notesFileOf(const std::filesystem::path& checkpoint);
/// Without the file everything is as its members say.
protocol::Expected<CheckpointNotes> readCheckpointNotes(const std::filesystem::path& checkpoint);

/// A model in one file, as far as that file has it: told by its tensors alone.
struct Checkpoint {
    Family family = Family::StableDiffusion;
    UNetConfig unet;
    std::optional<VaeConfig> vae;
    std::map<std::string, TextEncoderConfig, std::less<>> texts;  ///< by the part's name
    Prediction prediction;
    bool hasAverage = false;
    std::map<std::string, TensorSource, std::less<>> parts;
};

/// A file that is no checkpoint is refused with a sentence that says what it is and where it belongs.
protocol::Expected<Checkpoint> readCheckpoint(const std::filesystem::path& file,
                                              const CheckpointNotes& notes);

/// The tensors of `part` in a file that holds it, alone or among others, in diffusers' names.
protocol::Expected<TensorSource> openPart(const std::filesystem::path& file, std::string_view part,
                                          bool average = false);
/// The VAE in `place`, which is a folder with a config, or a file that holds one; for models of `family`,
/// since no file says the factor of its latents.
protocol::Expected<VaeConfig> readVae(const std::filesystem::path& place, Family family);

/// The parts that a model of `family` has and `checkpoint` lacks, by diffusers' names.
std::vector<std::string> missingParts(const Checkpoint& checkpoint);

}  // namespace easel::models
