// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "server/libtorch/pins.h"

namespace easel::libtorch {

/// The NVIDIA driver of this machine.
struct Driver {
    std::string version;     ///< "580.82.07"; empty: none is loaded, or it does not say
    bool hasDevice = false;  ///< programs can talk to it

    /// The number before the first point; 0 without one.
    int major() const;
};

inline constexpr int kOldestDriver = 580;  ///< that runs CUDA 13, which the pinned wheels bring

Driver findDriver(const std::filesystem::path& version = "/proc/driver/nvidia/version",
                  const std::filesystem::path& device = "/dev/nvidiactl");

/// Which libtorch a machine should have, and why, in a sentence.
struct Choice {
    Kind kind = Kind::Cpu;
    std::string why;
};

Choice choose(const Driver& driver);

}  // namespace easel::libtorch
