// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <c10/core/Device.h>

#include <cstdint>

namespace easel::diffusion {

/// Bytes that models and drawings may take on `device`, by what is free now; on the CPU within the limits of
/// the process's control group.
std::int64_t memoryToUse(c10::Device device);

}  // namespace easel::diffusion
