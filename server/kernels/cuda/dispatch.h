// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <type_traits>

#include "server/kernels/cuda/functions.h"
#include "server/kernels/cuda/numbers.h"

namespace easel::kernels::cuda {

/// Whether packs may be read from all of these; null is none.
inline bool areAligned(std::initializer_list<const void*> places) {
    for (const void* const place : places) {
        if (reinterpret_cast<std::uintptr_t>(place) % kPackBytes != 0) {
            return false;
        }
    }
    return true;
}

/// Calls `run` with a number of that kind and how many are read at once: as many as fit where `width` of them
/// lie side by side at each of `places`, which must be aligned for that, or else one.
template <typename Run>
int withNumbers(NumberKind kind, std::int64_t width, std::initializer_list<const void*> places,
                const Run& run) {
    const auto chosen = [&]<typename Number>(Number number) {
        constexpr int kMost = kInPack<Number>;
        return width % kMost == 0 && areAligned(places) ? run(number, std::integral_constant<int, kMost>())
                                                        : run(number, std::integral_constant<int, 1>());
    };
    switch (kind) {
        case NumberKind::Float16:
            return chosen(Float16());
        case NumberKind::BFloat16:
            return chosen(BFloat16());
        case NumberKind::Float32:
            break;
    }
    return chosen(float());
}

}  // namespace easel::kernels::cuda
