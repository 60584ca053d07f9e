// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/memory.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <limits>
#include <optional>
#include <string>

namespace easel::diffusion {
namespace {

constexpr double kShareOfCpu = 0.75;  // the rest is for other programs, and for the files' cache
constexpr double kShareOfGpu = 0.9;   // the rest is for libraries' workspaces

/// MemAvailable of /proc/meminfo.
std::int64_t availableToAll() {
    std::ifstream words("/proc/meminfo");
    for (std::string word; words >> word;) {
        if (std::int64_t kib = 0; word == "MemAvailable:" && words >> kib) {
            return kib * 1024;
        }
    }
    return 0;
}

std::optional<std::int64_t> numberIn(const char* file) {
    std::int64_t number = 0;
    return std::ifstream(file) >> number ? std::optional(number) : std::nullopt;  // "max" is none
}

std::int64_t availableToGroup() {
    const auto most = numberIn("/sys/fs/cgroup/memory.max");
    const auto used = numberIn("/sys/fs/cgroup/memory.current");
    return most && used ? std::max<std::int64_t>(*most - *used, 0) : std::numeric_limits<std::int64_t>::max();
}

/// Asks the runtime that libtorch's CUDA half has brought with it.
std::int64_t availableOnGpu() {
    using MemGetInfo = int(std::size_t * free, std::size_t * total);
    const auto ask = reinterpret_cast<MemGetInfo*>(dlsym(RTLD_DEFAULT, "cudaMemGetInfo"));
    std::size_t free = 0;
    std::size_t total = 0;
    return ask != nullptr && ask(&free, &total) == 0 ? static_cast<std::int64_t>(free) : 0;
}

}  // namespace

std::int64_t memoryToUse(c10::Device device) {
    if (device.is_cuda()) {
        return static_cast<std::int64_t>(kShareOfGpu * static_cast<double>(availableOnGpu()));
    }
    return static_cast<std::int64_t>(kShareOfCpu *
                                     static_cast<double>(std::min(availableToAll(), availableToGroup())));
}

}  // namespace easel::diffusion
