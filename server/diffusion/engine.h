// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "server/generator/generator.h"
#include "shared/protocol/generation.h"
#include "shared/protocol/problem.h"

namespace easel::diffusion {

struct EngineOptions {
    std::string device = "auto";     ///< as openDevice() takes it
    std::string precision = "auto";  ///< as openDevice() takes it
    std::int64_t memory = 0;         ///< bytes that models and drawings may take; 0: by what is free
    int sharers = 1;  ///< engines on this device, which share the processor's threads and what memory is free
    /// Where it remembers how many pictures are best drawn together; empty: nowhere.
    std::filesystem::path widths = {};
    /// Where it remembers which of Easel's own kernels are right on this GPU; empty: nowhere.
    std::filesystem::path kernels = {};
};

/// A device, drawing any number of requests at a time. One thread calls step(); the other methods are for any
/// thread, unless they say otherwise. Everything of libtorch stays behind it.
class Engine {
public:
    /// Errors say what is missing on this machine.
    static protocol::Expected<std::unique_ptr<Engine>> open(const EngineOptions& options);
    /// What is under way is cancelled.
    ~Engine();

    /// Draws `settings` with `materials`; the model is loaded first when it must be. The observer is called
    /// by step(), as generator::Generator has it.
    void submit(std::string id, generator::Materials materials, protocol::GenerationSettings settings,
                generator::Observer observer);
    /// At the next step; unknown ids are ignored.
    void cancel(std::string id);
    /// Has a model ready before a request names it.
    void load(generator::ModelPlace model);
    /// Lets a model go; what draws with it is finished first.
    void unload(std::string model);
    /// What it has done; nothing of it is lost.
    generator::Tally tally() const;

    /// Waits until there is something to do, and does a piece of it: takes up what came since, decodes at
    /// most one picture, and takes the drawings whose turn it is one step further with one forward pass. A
    /// model is loaded beside that.
    void step();

    // For the thread that calls step().

    /// `changed` is called by step() whenever status() has become another.
    void onStatusChanged(std::function<void()> changed);
    generator::Status status() const;
    /// The device has failed in a way that only a new process mends; nobody was told of what was under way.
    bool broken() const;

private:
    struct Impl;
    explicit Engine(std::unique_ptr<Impl> impl);

    std::unique_ptr<Impl> m_impl;
};

}  // namespace easel::diffusion
