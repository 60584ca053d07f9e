// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/proof.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/InferenceMode.h>
#include <sys/resource.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <utility>

#include "server/diffusion/pipeline.h"

namespace easel::diffusion {
namespace {

/// Seconds from one call to the next, with all work of a device done.
class Stopwatch {
public:
    explicit Stopwatch(const Device& device) : m_device(device) {}

    double lap() {
        synchronize(m_device);
        const auto now = std::chrono::steady_clock::now();
        return std::chrono::duration<double>(now - std::exchange(m_since, now)).count();
    }

private:
    const Device& m_device;
    std::chrono::steady_clock::time_point m_since = std::chrono::steady_clock::now();
};

generator::Stage stageOf(const char* name, const at::Tensor& tensor) {
    const at::Tensor kept = tensor.to(at::kCPU, at::kFloat).contiguous();
    const float* const values = kept.const_data_ptr<float>();
    return {name, kept.sizes().vec(), {values, values + kept.numel()}};
}

generator::Stage stageOf(const image::Image& picture) {
    return {generator::kPictureStage,
            {picture.height, picture.width, 3},
            {picture.rgb.begin(), picture.rgb.end()}};
}

/// The most bytes that were in use until now: of a GPU's memory by its tensors, or by the process.
std::int64_t mostMemory(const Device& device) {
    if (const c10::Device gpu = device.placement.device; gpu.is_cuda()) {
        const auto stats = c10::getDeviceAllocator(gpu.type())->getDeviceStats(gpu.index());
        return stats.allocated_bytes[static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE)]
            .peak;
    }
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return std::int64_t{usage.ru_maxrss} * 1024;
}

}  // namespace

generator::Proof prove(const std::filesystem::path& folder, const Device& device,
                       const protocol::GenerationSettings& settings,
                       const std::function<void(generator::Stage)>& stage) {
    const c10::InferenceMode inference;
    generator::Proof proof;
    Stopwatch watch(device);
    Pipeline pipeline(folder, device);
    proof.loadSeconds = watch.lap();

    const auto guidance = pipeline.guidance(settings);
    Drawing drawing = pipeline.drawingFor(settings, 0, guidance);
    proof.pictureSeconds = watch.lap();
    stage(stageOf("text", stacked(drawing.conditions()).context));

    at::set_num_threads(pipeline.threadsWorthIt(drawing.work(), at::get_num_threads()));
    // Besides, libraries choose how to compute when they are first asked; that is no step's time.
    stage(stageOf("prediction", pipeline.predict(drawing)));
    watch.lap();
    while (!drawing.done()) {
        pipeline.advance(std::array{&drawing});
        proof.pictureSeconds += proof.stepSeconds.emplace_back(watch.lap());
    }
    stage(stageOf("latents", drawing.latents()));

    watch.lap();
    const image::Image picture = toImage(pipeline.decode(drawing.latents()));
    proof.pictureSeconds += watch.lap();
    stage(stageOf(picture));
    proof.memory = mostMemory(device);
    return proof;
}

}  // namespace easel::diffusion
