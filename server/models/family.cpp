// SPDX-License-Identifier: Apache-2.0
#include "server/models/family.h"

#include <algorithm>

namespace easel::models {
namespace {

constexpr std::string_view kClipTokenizers[] = {"CLIPTokenizer", "CLIPTokenizerFast"};
constexpr std::string_view kClipTextModel[] = {"CLIPTextModel"};
constexpr std::string_view kClipTextModelWithProjection[] = {"CLIPTextModelWithProjection"};
constexpr std::string_view kUNet[] = {"UNet2DConditionModel"};
constexpr std::string_view kAutoencoder[] = {"AutoencoderKL"};

constexpr Component kStableDiffusion[] = {
    {"text_encoder", kClipTextModel},
    {"tokenizer", kClipTokenizers},
    {"unet", kUNet},
    {"vae", kAutoencoder},
};
constexpr Component kStableDiffusionXL[] = {
    {"text_encoder", kClipTextModel},
    {"text_encoder_2", kClipTextModelWithProjection},
    {"tokenizer", kClipTokenizers},
    {"tokenizer_2", kClipTokenizers},
    {"unet", kUNet},
    {"vae", kAutoencoder},
};
constexpr Component kStableDiffusionXLRefiner[] = {
    {"text_encoder_2", kClipTextModelWithProjection},
    {"tokenizer_2", kClipTokenizers},
    {"unet", kUNet},
    {"vae", kAutoencoder},
};
constexpr std::string_view kBesides[] = {"scheduler", "safety_checker", "feature_extractor", "image_encoder"};

}  // namespace

std::string_view toString(Family family) {
    switch (family) {
        case Family::StableDiffusion:
            break;
        case Family::StableDiffusionXL:
            return "stable-diffusion-xl";
        case Family::StableDiffusionXLRefiner:
            return "stable-diffusion-xl-refiner";
    }
    return "stable-diffusion";
}

std::span<const Component> componentsOf(Family family) {
    switch (family) {
        case Family::StableDiffusion:
            break;
        case Family::StableDiffusionXL:
            return kStableDiffusionXL;
        case Family::StableDiffusionXLRefiner:
            return kStableDiffusionXLRefiner;
    }
    return kStableDiffusion;
}

bool isBeside(std::string_view name) {
    return std::ranges::find(kBesides, name) != std::end(kBesides);
}

}  // namespace easel::models
