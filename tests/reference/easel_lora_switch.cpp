// SPDX-License-Identifier: Apache-2.0
// What it costs to draw with another LoRA: easel_lora_switch MODEL LORA... prints the seconds that loading
// the model takes, those that each LoRA takes then, and how often the latter go into the former.
#include <c10/core/InferenceMode.h>

#include <chrono>
#include <cstdio>
#include <thread>

#include "server/diffusion/model_loader.h"

using namespace easel;
using diffusion::ModelLoader;

namespace {

/// Seconds until the model is there, as a request would wait for it.
double secondsFor(ModelLoader& loader, const std::filesystem::path& model,
                  const std::vector<models::LoraUse>& loras) {
    const auto begun = std::chrono::steady_clock::now();
    while (true) {
        const auto answer = loader.get({"model", model}, loras);
        if (answer.problem) {
            std::fprintf(stderr, "%s\n", answer.problem->detail.c_str());
            std::exit(1);
        }
        if (answer.state == ModelLoader::State::Here) {
            return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
        }
        while (!loader.hasWork()) {
            std::this_thread::sleep_for(std::chrono::microseconds(100));
        }
        loader.settle();
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fprintf(stderr, "usage: easel_lora_switch MODEL LORA...\n");
        return 2;
    }
    const c10::InferenceMode inference;
    constexpr std::int64_t kBudget = std::int64_t{64} << 30;
    ModelLoader loader(diffusion::openDevice("cpu"), kBudget, [] {});
    const double load = secondsFor(loader, argv[1], {});
    std::printf("model\t%.3f s\t%.0f MiB\n", load, double(kBudget - loader.memoryLeft()) / (1 << 20));
    for (int i = 2; i < argc; ++i) {
        const auto before = loader.memoryLeft();
        const double taken = secondsFor(loader, argv[1], {{argv[i]}});
        std::printf("%s\t%.3f s\t%.0f MiB\t%.1f times less than the model\n", argv[i], taken,
                    double(before - loader.memoryLeft()) / (1 << 20), load / taken);
    }
    return 0;
}
