// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace easel::kernels {

/// A number in bfloat16, by its bits.
using Bf16 = std::uint16_t;

}  // namespace easel::kernels
