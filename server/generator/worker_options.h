// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "server/generator/materials.h"
#include "server/generator/watchdog.h"
#include "shared/protocol/generation.h"
#include "shared/protocol/problem.h"

namespace easel::generator {

struct WorkerOptions {
    std::filesystem::path program;  ///< easel-worker
    ModelPlace model;               ///< the first; without it nothing is drawn
    /// Where the models are that requests name otherwise; empty: there are none. From any thread; must not
    /// block for long.
    std::function<protocol::Expected<std::filesystem::path>(const std::string& id)> locate = {};
    /// What a request needs beside its model. Empty: nothing; else as `locate`.
    std::function<protocol::Expected<std::vector<Material>>(const protocol::GenerationSettings& settings)>
        gather = {};
    /// Variables for the next worker, in place of ours; asked before each start, from a thread of its own. An
    /// error is why there is no use in starting one yet, and becomes the status. Empty: none.
    std::function<protocol::Expected<std::vector<std::string>>()> environment = {};
    std::string device = "auto";
    std::string precision = "auto";  ///< auto, fp32, fp16, bf16
    std::int64_t memory = 0;         ///< bytes that models and drawings may take; 0: what is free
    int sharers = 1;                 ///< workers on this device, which share its threads and free memory
    std::filesystem::path widths =
        {};  ///< where it remembers how many pictures are best drawn together; empty: nowhere
    /// Where it remembers which of Easel's own kernels are right on its GPU; empty: it examines them each
    /// time.
    std::filesystem::path kernels = {};
    WatchLimits limits = {};
    std::chrono::milliseconds firstPause{500};       ///< before a lost worker's successor; doubles each time
    std::chrono::milliseconds longestPause{8000};    ///< … up to this
    std::chrono::milliseconds refusedPause{60'000};  ///< before a model or device is tried that was refused
    std::chrono::milliseconds missingPause{2000};  ///< before `environment` is asked again that had an error
    int maxStarts = 4;        ///< in a row that did not become ready, then the status says `failed`
    bool keepsTrying = true;  ///< goes on when it has failed: what was wrong may be mended
    std::chrono::milliseconds grace{3000};  ///< for a worker that was asked to end
    /// Gets each line that the worker prints, from a thread of its own.
    std::function<void(const std::string&)> onOutput = {};
};

}  // namespace easel::generator
