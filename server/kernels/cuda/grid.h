// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace easel::kernels::cuda {

inline constexpr int kWarp = 32;
inline constexpr int kThreads = 128;  ///< of a block
inline constexpr int kWarps = kThreads / kWarp;

/// How a kernel is started.
struct Grid {
    std::int64_t blocks;         ///< that the work is made for; fewer may run, and then each does more
    std::size_t sharedFloats{};  ///< of memory that the threads of a block share
};

/// More blocks than any GPU runs at a time; each takes a share of what is more.
inline constexpr std::int64_t kMostBlocks = 1 << 16;

constexpr std::int64_t quotientUp(std::int64_t count, std::int64_t by) {
    return (count + by - 1) / by;
}

}  // namespace easel::kernels::cuda
