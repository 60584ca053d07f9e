// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/server/diffusion/one_model.h"

namespace easel::tests {

inline const std::string kFixtures = EASEL_SOURCE_DIR "/tests/fixtures/";
inline const std::string kUNet = "unet/diffusion_pytorch_model.safetensors";
inline const std::string kVae = "vae/diffusion_pytorch_model.safetensors";
inline const std::string kText = "text_encoder/model.safetensors";

inline Drawn draw(OneModel& model, const protocol::GenerationSettings& settings,
                  std::size_t stopAt = SIZE_MAX) {
    return model.draw(settings, stopAt);
}

inline Drawn draw(OneModel&& model, const protocol::GenerationSettings& settings) {
    return model.draw(settings);
}

inline OneModel load(const std::filesystem::path& folder) {
    return OneModel(folder);
}

inline protocol::GenerationSettings small() {
    protocol::GenerationSettings settings;
    settings.prompt = "a red circle";
    settings.width = 64;
    settings.height = 64;
    settings.steps = 3;
    settings.sampler = "euler_a";
    settings.seed = 5;
    return settings;
}

/// What loading `folder` complains of.
inline std::string complaint(const std::filesystem::path& folder, const std::string& device = "cpu") {
    try {
        OneModel model(folder, device);
        return "";
    } catch (const std::runtime_error& error) {
        return error.what();
    }
}

}  // namespace easel::tests
