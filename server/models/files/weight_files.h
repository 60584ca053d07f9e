// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "shared/protocol/problem.h"

namespace easel::models {

/// Which library saved a component, and so how its weight files are called.
enum class WeightNaming {
    Diffusers,     ///< diffusion_pytorch_model.safetensors (unet, vae)
    Transformers,  ///< model.safetensors (text_encoder)
};

/// Where a component's weights are.
struct WeightFile {
    std::filesystem::path path;
    bool isIndex = false;  ///< of several files beside it
    std::string variant;   ///< "fp16" and the like; empty for the plain ones
};

/// The plain weights in `folder`, or else those of the one variant that there is. Of several, those that
/// differ in nothing but their precision are as good as each other, and the finest is taken; else the problem
/// names them.
protocol::Expected<WeightFile> findWeights(const std::filesystem::path& folder, WeightNaming naming);

/// The same among `names`, which are those of the files in `folder`.
protocol::Expected<WeightFile> chooseWeights(const std::filesystem::path& folder,
                                             const std::vector<std::string>& names, WeightNaming naming);
/// Every kind of weights among `names`, a single file before an index, with paths in `folder`; by variant.
std::vector<WeightFile> weightsAmong(const std::filesystem::path& folder,
                                     const std::vector<std::string>& names, WeightNaming naming);

}  // namespace easel::models
