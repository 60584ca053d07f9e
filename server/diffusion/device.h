// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "server/diffusion/weights/weights.h"

namespace easel::diffusion {

/// What a model runs on.
struct Device {
    Placement placement;
    std::string name;      ///< "cpu", "cuda:0"
    std::string hardware;  ///< "AMD EPYC 7B13", "NVIDIA L4"
};

/// `wanted` is "auto" (the first GPU, or else the CPU), "cpu", "cuda" or "cuda:N". A GPU computes in half
/// precision, the CPU in single. Throws a Failure that says what is missing.
Device openDevice(std::string_view wanted);

}  // namespace easel::diffusion
