// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <c10/core/Device.h>

#include <cstdint>

namespace easel::diffusion {

/// Bytes that models and drawings may take on `device`, by what is free now; on the CPU within the limits of
/// the process's control group.
std::int64_t memoryToUse(c10::Device device);

/// Bytes of a GPU's own memory; nothing where it does not say.
struct GpuMemory {
    std::int64_t free = 0;
    std::int64_t total = 0;
};
GpuMemory memoryOf(c10::Device gpu);

}  // namespace easel::diffusion
