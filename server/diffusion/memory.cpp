// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/memory.h"

#include <c10/core/DeviceGuard.h>
#include <dlfcn.h>

#include <cstddef>

#include "shared/process/memory.h"

namespace easel::diffusion {
namespace {

constexpr double kShareOfCpu = 0.75;  // the rest is for other programs, and for the files' cache
constexpr double kShareOfGpu = 0.9;   // the rest is for libraries' workspaces

}  // namespace

/// Asks the runtime that libtorch's CUDA half has brought with it.
GpuMemory memoryOf(c10::Device gpu) {
    using MemGetInfo = int(std::size_t * free, std::size_t * total);
    const auto ask = reinterpret_cast<MemGetInfo*>(dlsym(RTLD_DEFAULT, "cudaMemGetInfo"));
    const c10::DeviceGuard guard(gpu);  // The runtime answers for the device that is the thread's own.
    std::size_t free = 0;
    std::size_t total = 0;
    if (ask == nullptr || ask(&free, &total) != 0) {
        return {};
    }
    return {static_cast<std::int64_t>(free), static_cast<std::int64_t>(total)};
}

std::int64_t memoryToUse(c10::Device device) {
    if (device.is_cuda()) {
        return static_cast<std::int64_t>(kShareOfGpu * static_cast<double>(memoryOf(device).free));
    }
    return static_cast<std::int64_t>(kShareOfCpu * static_cast<double>(process::memoryOfMachine().available));
}

}  // namespace easel::diffusion
