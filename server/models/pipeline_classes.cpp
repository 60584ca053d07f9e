// SPDX-License-Identifier: Apache-2.0
#include "server/models/pipeline_classes.h"

#include <algorithm>

namespace easel::models {
namespace {

constexpr std::string_view kClipTokenizers[] = {"CLIPTokenizer", "CLIPTokenizerFast"};
constexpr std::string_view kClipTextModel[] = {"CLIPTextModel"};
constexpr std::string_view kUNet[] = {"UNet2DConditionModel"};
constexpr std::string_view kAutoencoder[] = {"AutoencoderKL"};

constexpr Component kStableDiffusion[] = {
    {"text_encoder", kClipTextModel},
    {"tokenizer", kClipTokenizers},
    {"unet", kUNet},
    {"vae", kAutoencoder},
};
constexpr std::string_view kBesides[] = {"scheduler", "safety_checker", "feature_extractor", "image_encoder"};

constexpr PipelineClass kClasses[] = {
    {"StableDiffusionPipeline", Family::StableDiffusion, kStableDiffusion, kBesides},
};

}  // namespace

std::string_view toString(Family family) {
    switch (family) {
        case Family::StableDiffusion:
            break;
    }
    return "stable-diffusion";
}

bool PipelineClass::has(std::string_view component) const {
    return std::any_of(components.begin(), components.end(),
                       [component](const Component& each) { return each.name == component; });
}

const PipelineClass& pipelineClass(std::string_view name) {
    const auto found = std::find_if(std::begin(kClasses), std::end(kClasses),
                                    [name](const PipelineClass& each) { return each.name == name; });
    return found == std::end(kClasses) ? kClasses[0] : *found;
}

}  // namespace easel::models
