// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// What GroupNormBf16 does, in the instructions of AVX-512 with BF16; see avx512.h.
namespace easel::kernels::avx512 {

/// `channels` is a multiple of 16. Of x [places, channels] the sums of what exceeds `firsts` [channels], and
/// behind them those of its squares, to `sums` [2, channels].
void sumUp(const std::uint16_t* x, std::int64_t places, std::int64_t channels, const std::uint16_t* firsts,
           float* sums);
/// x · scales + shifts, and SiLU of that.
void normalize(const std::uint16_t* x, std::int64_t places, std::int64_t channels, const float* scales,
               const float* shifts, bool withSilu, std::uint16_t* out);

}  // namespace easel::kernels::avx512
