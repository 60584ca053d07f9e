// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "server/models/family.h"
#include "shared/protocol/problem.h"

namespace easel::models {

/// A part of a model as its model_index.json names it.
struct IndexedPart {
    std::string name;     ///< its folder
    std::string library;  ///< "diffusers", "transformers": whose names its files have
};

/// model_index.json: what a model is made of. Which family that is, the parts say and not the pipeline's
/// name, for what its class does with them (pictures from pictures, long prompts) is no matter.
struct ModelIndex {
    Family family = Family::StableDiffusion;
    std::string schedulerClass;
    std::vector<IndexedPart> parts;  ///< that a picture is made of, the scheduler among them
    /// An empty negative prompt stands for features that are all zero. Read by StableDiffusionXL.
    bool zerosForEmptyPrompt = true;
};

/// The parts must be those that a family of this engine has, and all of them. Errors name the file and key.
protocol::Expected<ModelIndex> readModelIndex(const std::filesystem::path& file);
/// The same of a text that was got otherwise; errors call it `file`.
protocol::Expected<ModelIndex> parseModelIndex(const std::filesystem::path& file, std::string_view text);

}  // namespace easel::models
