// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "server/models/files/safetensors.h"
#include "shared/protocol/problem.h"

namespace easel::models {

/// The vectors of a word that was taught by textual inversion.
struct EmbeddingFile {
    std::shared_ptr<const SafetensorsFile> map;
    std::vector<TensorEntry> vectors;  ///< for each text encoder [n, width], with one n
};

/// Reads `file` for text encoders of these `widths`: one tensor of any name for one encoder; "clip_l" and
/// "clip_g" for two, or for one that is the second. Errors name the file, and the widths where they differ.
protocol::Expected<EmbeddingFile> openEmbedding(const std::filesystem::path& file,
                                                std::span<const int> widths);

}  // namespace easel::models
