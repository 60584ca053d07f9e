// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace easel::kernels {

/// Whether this processor has AVX2 and FMA.
bool hasAvx2();

/// Whether it has AVX-512, as far as what is written for it here needs it.
bool hasAvx512();

/// Whether it multiplies bfloat16, too.
bool hasBf16();

}  // namespace easel::kernels
