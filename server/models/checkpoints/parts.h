// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "server/models/files/safetensors.h"
#include "shared/protocol/problem.h"

namespace easel::models {

/// What a file holds, sorted.
struct SortedTensors {
    /// By diffusers' name of the part ("unet", "vae", "text_encoder", "text_encoder_2", "controlnet"): its
    /// tensors as its network calls them. Names that have no place there stay what they were.
    std::map<std::string, std::vector<TensorEntry>, std::less<>> parts;
    /// What belongs to no part: schedules, counters, marks.
    std::map<std::string, TensorEntry, std::less<>> others;
    bool hasAverage = false;  ///< it also has the running average of its UNet's weights (EMA)
};

/// Sorts the tensors of `file`, whether the original code, a web UI or diffusers wrote it. With `average` the
/// UNet's are those of the running average.
protocol::Expected<SortedTensors> sortTensors(const std::filesystem::path& file,
                                              std::span<const TensorEntry> tensors, bool average);

}  // namespace easel::models
