// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string_view>

#include "server/hub/speed.h"

namespace easel::libtorch {

enum class SetupStage { Waiting, LookingUp, Comparing, Fetching, Unpacking };

std::string_view toString(SetupStage stage);

/// How far it is, in the stage that it is in. Zero where that has no numbers.
struct SetupProgress {
    SetupStage stage = SetupStage::Waiting;
    int filesDone = 0;
    int files = 0;
    std::int64_t bytesDone = 0;
    std::int64_t bytes = 0;
    double bytesPerSecond = 0;
};

/// Counts what a setup does and tells of it: at once where a stage or a file is done, else about four times a
/// second. For one thread.
class SetupTeller {
public:
    /// `onProgress` outlives it.
    explicit SetupTeller(const std::function<void(const SetupProgress&)>& onProgress)
        : m_onProgress(onProgress) {}

    /// `here`: bytes that need no time any more.
    void begin(SetupStage stage, int files = 0, std::int64_t bytes = 0, std::int64_t here = 0);
    void set(int filesDone, std::int64_t bytesDone);
    void add(std::int64_t bytes);
    void fileDone();

private:
    using Clock = std::chrono::steady_clock;

    void tell();

    const std::function<void(const SetupProgress&)>& m_onProgress;
    SetupProgress m_progress;
    hub::Speed m_speed;
    Clock::time_point m_toldAt{};
};

}  // namespace easel::libtorch
