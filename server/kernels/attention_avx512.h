// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// What AttentionBf16 does, in the instructions of AVX-512 with BF16; see avx512.h.
namespace easel::kernels::avx512 {

inline constexpr std::int64_t kRows = 24;   ///< of q that are taken at a time
inline constexpr std::int64_t kGroup = 64;  ///< keys that lie together, at least
inline constexpr std::int64_t kWidest = 512;

/// Numbers of a value that are summed up together, a multiple of kLanes: all, of one that is not too wide.
std::int64_t stripeOf(std::int64_t width);
/// Numbers that `count` packed keys take, and values.
std::int64_t sizeOfKeys(std::int64_t count, std::int64_t width);
std::int64_t sizeOfValues(std::int64_t count, std::int64_t width);

/// Keys and values of a head as pack...() has left them.
struct Head {
    const std::uint16_t* keys;
    const std::uint16_t* values;
    std::int64_t count;
    std::int64_t width;
};

/// To [groups of keys, pairs of numbers, kGroup, 2]; `step` from a key to the next.
void packKeys(const std::uint16_t* from, std::int64_t step, std::int64_t count, std::int64_t width,
              std::uint16_t* packed);
/// To [stripes, pairs of values, numbers of a stripe, 2], with zeros behind them up to whole groups and
/// stripes.
void packValues(const std::uint16_t* from, std::int64_t step, std::int64_t count, std::int64_t width,
                std::uint16_t* packed);
/// `count` rows of q, at most kRows, to as many of `out`.
void attend(const Head& head, const std::uint16_t* q, std::int64_t qStep, std::int64_t count,
            std::uint16_t* out, std::int64_t outStep);

}  // namespace easel::kernels::avx512
