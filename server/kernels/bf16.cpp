// SPDX-License-Identifier: Apache-2.0
#include "server/kernels/bf16.h"

namespace easel::kernels {

bool hasBf16() {
    static const bool isThere = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                                __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bf16");
    return isThere;
}

}  // namespace easel::kernels
