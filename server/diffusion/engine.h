// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/image/image.h"
#include "shared/protocol/generation.h"
#include "shared/protocol/job.h"
#include "shared/protocol/problem.h"

namespace easel::diffusion {

/// What is told to whoever asked for pictures, on the thread that draws.
struct Observer {
    std::function<void(const protocol::Progress&)> progress;
    std::function<void(int index, std::int64_t seed, image::Image picture)> image;
    /// Asked before each step; true stops the request there.
    std::function<bool()> cancelled;
};

/// A model on a device, drawing. For one thread; everything of libtorch stays behind it.
class Engine {
public:
    /// Loads the model in `folder` (diffusers' layout) on `device` in `precision`, both as openDevice() takes
    /// them. Errors name the file, the tensor or the config value at fault.
    static protocol::Expected<std::unique_ptr<Engine>> load(const std::filesystem::path& folder,
                                                            const std::string& device,
                                                            const std::string& precision = "auto");
    ~Engine();

    const std::string& device() const;              ///< "cpu", "cuda:0"
    const std::string& deviceName() const;          ///< "AMD EPYC 7B13", "NVIDIA L4"
    const std::string& precision() const;           ///< "fp32", "fp16", "bf16"
    const std::string& deviceRemark() const;        ///< why it is not the GPU that is there; mostly empty
    const std::vector<std::string>& notes() const;  ///< what was passed over in the weights, a sentence each

    /// Draws every image of `settings`, in order; returns when the last was handed over. The problem
    /// "cancelled" says that the observer stopped it. After a problem the engine can draw on, unless
    /// broken().
    protocol::Expected<void> generate(const protocol::GenerationSettings& settings, const Observer& observer);

    /// The device has failed in a way that only a new process mends.
    bool broken() const;

private:
    struct Impl;
    explicit Engine(std::unique_ptr<Impl> impl);

    std::unique_ptr<Impl> m_impl;
};

}  // namespace easel::diffusion
