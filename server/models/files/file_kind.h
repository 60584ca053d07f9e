// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "server/models/files/safetensors.h"
#include "shared/protocol/problem.h"

namespace easel::models {

/// What a safetensors file is for.
enum class FileKind {
    Checkpoint,   ///< a UNet with other parts of its model
    UNet,         ///< a UNet alone
    Vae,          ///< an autoencoder
    TinyVae,      ///< one of TAESD's shape, for previews
    TextEncoder,  ///< CLIP's
    ControlNet,
    Lora,
    Embedding,   ///< textual inversion
    OtherModel,  ///< something that is known, and that Easel does not draw with
    Unknown,
};

/// What a file is, for programs and in words.
struct FileNature {
    FileKind kind = FileKind::Unknown;
    std::string_view what;  ///< for a sentence: "a LoRA", "a FLUX.1 model"
};

/// "checkpoint", "lora": as JSON has it.
std::string_view toString(FileKind kind);

/// Told by the names and shapes of the tensors alone, whatever the file is called.
FileNature natureOf(std::span<const TensorEntry> tensors);
/// The same of a file. Pickle files are refused without being looked at, with the advice how to convert them.
protocol::Expected<FileNature> classify(const std::filesystem::path& file);

/// Whether `file` has one of the names that pickle files have: .ckpt, .pt, .pth, .bin.
bool isPickleName(const std::filesystem::path& file);
/// What to say of a pickle file.
protocol::Problem pickleProblem(const std::filesystem::path& file);

}  // namespace easel::models
