// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "server/generator/nvidia.h"
#include "server/libtorch/pins.h"

namespace easel::libtorch {

/// Which libtorch a machine should have, and in a sentence why, or what speaks against it; empty: nothing to
/// say.
struct Choice {
    Kind kind = Kind::Cpu;
    std::string remark;
};

/// The kind that is `wanted`, or the one for the driver.
Choice choose(const generator::Nvidia& nvidia, std::optional<Kind> wanted = {});

}  // namespace easel::libtorch
