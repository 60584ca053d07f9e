// SPDX-License-Identifier: Apache-2.0
#include "server/kernels/processor.h"

namespace easel::kernels {

bool hasAvx2() {
    static const bool has = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
    return has;
}

bool hasAvx512() {
    static const bool has = __builtin_cpu_supports("avx512f") != 0 &&
                            __builtin_cpu_supports("avx512bw") != 0 &&
                            __builtin_cpu_supports("avx512vl") != 0;
    return has;
}

bool hasBf16() {
    static const bool has = hasAvx512() && __builtin_cpu_supports("avx512bf16") != 0;
    return has;
}

}  // namespace easel::kernels
