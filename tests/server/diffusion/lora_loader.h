// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <stdexcept>
#include <thread>
#include <vector>

#include "server/diffusion/model_loader.h"

namespace easel::tests {

inline const std::filesystem::path kFixtures = EASEL_SOURCE_DIR "/tests/fixtures";
inline const std::filesystem::path kModel = kFixtures / "models/sd1-tiny";
inline const diffusion::Placement kPlace{c10::Device(c10::kCPU), c10::kFloat};
inline constexpr std::int64_t kPlenty = std::int64_t{1} << 32;

/// A LoRA of the fixtures.
inline models::LoraUse use(const std::string& name, double weight = 1) {
    return {kFixtures / "loras" / (name + ".safetensors"), weight, weight};
}

/// A loader that is waited for.
class Loader {
public:
    explicit Loader(std::int64_t memory = kPlenty)
        : m_loader({.placement = kPlace, .name = "cpu", .hardware = "", .precision = "fp32", .remark = ""},
                   memory, [] {}) {}

    diffusion::ModelLoader* operator->() { return &m_loader; }

    diffusion::ModelLoader::Answer get(const std::vector<models::LoraUse>& loras) {
        while (true) {
            auto answer = m_loader.get({"model", kModel}, loras);
            if (answer.state != diffusion::ModelLoader::State::Loading) {
                m_loader.loadWanted();
                return answer;
            }
            while (!m_loader.hasWork()) {
                std::this_thread::yield();
            }
            m_loader.settle();
        }
    }

    /// A step of a picture.
    at::Tensor draw(const std::vector<models::LoraUse>& loras) {
        const auto model = get(loras).model;
        if (!model) {
            throw std::runtime_error("no model");
        }
        protocol::GenerationSettings settings;
        settings.prompt = "a red circle";
        settings.width = settings.height = 64;
        settings.steps = 3;
        settings.sampler = "euler_a";
        settings.seed = 5;
        diffusion::Drawing drawing = model->drawingFor(settings, 0, model->guidance(settings));
        diffusion::Drawing* one = &drawing;
        while (!drawing.done()) {
            model->advance({&one, 1});
        }
        return drawing.latents();
    }

private:
    diffusion::ModelLoader m_loader;
};

}  // namespace easel::tests
