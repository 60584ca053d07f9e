// SPDX-License-Identifier: Apache-2.0
// What it costs to draw with another LoRA: easel_lora_switch MODEL LORA... prints the seconds that loading
// the model takes, those that each LoRA takes then, and how often the latter go into the former; and whether
// the network answers before and after them the same, to the bit. Exits 1 when it does not.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <chrono>
#include <cstdio>

#include "tests/reference/waiting.h"

using namespace easel;
using diffusion::ModelLoader;

namespace {

struct Loaded {
    std::shared_ptr<diffusion::Pipeline> model;
    double seconds;
};

Loaded load(ModelLoader& loader, const std::filesystem::path& model,
            const std::vector<models::LoraUse>& loras) {
    const auto begun = std::chrono::steady_clock::now();
    auto loaded = reference::waitedFor(loader, {"model", model}, loras).model;
    return {std::move(loaded),
            std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count()};
}

/// What the network says of a small picture's noise.
at::Tensor answerOf(diffusion::Pipeline& model) {
    protocol::GenerationSettings settings;
    settings.width = 64;
    settings.height = 64;
    settings.guidance = 1;
    settings.sampler = "euler";
    return model.predict(model.drawingFor(settings, 0, model.guidance(settings)));
}

int measure(const std::filesystem::path& model, int count, char** loras) {
    constexpr std::int64_t kBudget = std::int64_t{64} << 30;
    ModelLoader loader(diffusion::openDevice("cpu"), kBudget, [] {});
    const Loaded plain = load(loader, model, {});
    std::printf("model\t%.3f s\t%.0f MiB\n", plain.seconds,
                double(kBudget - loader.memoryLeft()) / (1 << 20));
    const at::Tensor before = answerOf(*plain.model);
    for (int i = 0; i < count; ++i) {
        const auto room = loader.memoryLeft();
        const Loaded changed = load(loader, model, {{loras[i]}});
        std::printf("%s\t%.3f s\t%.0f MiB\t%.1f times less than the model%s\n", loras[i], changed.seconds,
                    double(room - loader.memoryLeft()) / (1 << 20), plain.seconds / changed.seconds,
                    at::equal(answerOf(*changed.model), before) ? ", and changes nothing" : "");
    }
    const bool isSame = at::equal(answerOf(*load(loader, model, {}).model), before);
    std::printf("before and after: %s\n", isSame ? "the same to the bit" : "not the same");
    return isSame ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fprintf(stderr, "usage: easel_lora_switch MODEL LORA...\n");
        return 2;
    }
    const c10::InferenceMode inference;
    try {
        return measure(argv[1], argc - 2, argv + 2);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "easel_lora_switch: %s\n", error.what());
        return 1;
    }
}
