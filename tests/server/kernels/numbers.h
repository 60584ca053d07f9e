// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>

#include "server/kernels/bf16.h"

namespace easel::tests {

inline double numberOf(kernels::Bf16 bits) {
    return double{std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16)};
}

/// Rounded to the nearest, to even.
inline kernels::Bf16 bitsOf(double number) {
    const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(number));
    return static_cast<kernels::Bf16>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}

}  // namespace easel::tests
