// SPDX-License-Identifier: Apache-2.0
#pragma once

#ifdef __CUDACC__
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#else
#include <bit>
#include <cmath>
#endif

#include "server/kernels/cuda/parallel.h"

// Numbers as they are stored. All arithmetic is in single precision.
namespace easel::kernels::cuda {

struct Float16 {
    std::uint16_t bits;
};
struct BFloat16 {
    std::uint16_t bits;
};

EASEL_DEVICE float valueOf(float number) {
    return number;
}

#ifdef __CUDACC__

EASEL_DEVICE float valueOf(Float16 number) {
    return __half2float(__ushort_as_half(number.bits));
}
EASEL_DEVICE float valueOf(BFloat16 number) {
    return __bfloat162float(__ushort_as_bfloat16(number.bits));
}
EASEL_DEVICE void store(float value, Float16& to) {
    to.bits = __half_as_ushort(__float2half_rn(value));
}
EASEL_DEVICE void store(float value, BFloat16& to) {
    to.bits = __bfloat16_as_ushort(__float2bfloat16_rn(value));
}

#else

inline float valueOf(Float16 number) {
    const int exponent = (number.bits >> 10) & 0x1F;
    const auto fraction = static_cast<std::uint32_t>(number.bits & 0x3FF);
    const std::uint32_t sign = static_cast<std::uint32_t>(number.bits & 0x8000) << 16;
    if (exponent == 0) {
        const float value = std::ldexp(static_cast<float>(fraction), -24);
        return sign != 0 ? -value : value;
    }
    const auto shifted = exponent == 0x1F ? 0xFFU : static_cast<std::uint32_t>(exponent + 112);
    return std::bit_cast<float>(sign | (shifted << 23) | (fraction << 13));
}
inline float valueOf(BFloat16 number) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(number.bits) << 16);
}

/// Rounded to the nearest, to even.
inline void store(float value, Float16& to) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000);
    const std::uint32_t size = bits & 0x7FFFFFFF;
    constexpr std::uint32_t kInfinite = 0x7F800000;
    constexpr std::uint32_t kSmallest = 0x38800000;  // that keeps all its digits: 2^-14
    constexpr std::uint32_t kTooLarge = 0x477FF000;  // 65520
    std::uint32_t half = 0;
    if (size > kInfinite) {
        half = 0x7FFF;
    } else if (size >= kTooLarge) {
        half = 0x7C00;
    } else if (size >= kSmallest) {
        half = (size - (112U << 23) + 0xFFF + ((size >> 13) & 1)) >> 13;
    } else {
        half = static_cast<std::uint32_t>(std::nearbyint(std::ldexp(std::bit_cast<float>(size), 24)));
    }
    to.bits = static_cast<std::uint16_t>(sign | half);
}
inline void store(float value, BFloat16& to) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    const bool isNumber = (bits & 0x7FFFFFFF) <= 0x7F800000;
    to.bits = isNumber ? static_cast<std::uint16_t>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16) : 0x7FFF;
}

#endif

EASEL_DEVICE void store(float value, float& to) {
    to = value;
}

/// What an instruction of any GPU reads at most.
inline constexpr int kPackBytes = 16;

/// `Count` numbers that lie side by side and are read and written at once, as far as instructions can.
template <typename Number, int Count>
struct alignas(sizeof(Number) * Count < kPackBytes ? sizeof(Number) * Count : kPackBytes) Pack {
    Number at[Count];
};

template <typename Number>
inline constexpr int kInPack = kPackBytes / static_cast<int>(sizeof(Number));

template <int Count, typename Number>
EASEL_DEVICE void read(const Number* from, float (&values)[Count]) {
    const auto pack = *reinterpret_cast<const Pack<Number, Count>*>(from);
    for (int i = 0; i < Count; ++i) {
        values[i] = valueOf(pack.at[i]);
    }
}

template <int Count, typename Number>
EASEL_DEVICE void write(const float (&values)[Count], Number* to) {
    Pack<Number, Count> pack;
    for (int i = 0; i < Count; ++i) {
        store(values[i], pack.at[i]);
    }
    *reinterpret_cast<Pack<Number, Count>*>(to) = pack;
}

}  // namespace easel::kernels::cuda
