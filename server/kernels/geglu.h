// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "server/kernels/bf16.h"
#include "server/kernels/processor.h"

namespace easel::kernels {

/// Whether gegluBf16() takes so many values to a place.
inline bool geglusTake(std::int64_t width) {
    return width % 16 == 0;
}

/// x [places, 2 · width], values beside their gates, to values · GELU(gates) [places, width]; where
/// hasBf16(). GELU is that of the error function, to bfloat16's digits. https://arxiv.org/abs/2002.05202
void gegluBf16(const Bf16* x, std::int64_t places, std::int64_t width, Bf16* out);

}  // namespace easel::kernels
