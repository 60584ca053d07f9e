// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
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

Driver findDriver(const std::filesystem::path& version = "/proc/driver/nvidia/version",
                  const std::filesystem::path& device = "/dev/nvidiactl");

/// Which libtorch a machine should have, and in a sentence why, or what speaks against it; empty: nothing to
/// say.
struct Choice {
    Kind kind = Kind::Cpu;
    std::string remark;
};

/// The kind that is `wanted`, or the one for the driver.
Choice choose(const Driver& driver, std::optional<Kind> wanted = {});

}  // namespace easel::libtorch
