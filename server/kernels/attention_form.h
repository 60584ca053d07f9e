// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "server/kernels/bf16.h"

/// What Attention does with the instructions of one kind of processor. Files that are compiled for those
/// include this and nothing that others have, not even templates of the standard library: the linker takes
/// any one's copy.
namespace easel::kernels {

inline constexpr std::int64_t kWidestHead = 512;  ///< numbers of a vector, at most

/// Keys and values of a head as packKeys() and packValues() have left them.
template <typename Number>
struct Head {
    const Number* keys;
    const Number* values;
    std::int64_t count;
    std::int64_t width;
};

template <typename Number>
struct AttentionForm {
    std::int64_t rows;  ///< of q that are taken at a time
    /// Numbers that `count` packed keys or values of `width` take.
    std::int64_t (*sizeOfKeys)(std::int64_t count, std::int64_t width);
    std::int64_t (*sizeOfValues)(std::int64_t count, std::int64_t width);
    /// `step` from one to the next.
    void (*packKeys)(const Number* from, std::int64_t step, std::int64_t count, std::int64_t width,
                     Number* packed);
    void (*packValues)(const Number* from, std::int64_t step, std::int64_t count, std::int64_t width,
                       Number* packed);
    /// `count` rows of q, at most `rows`, to as many of `out`.
    void (*attend)(const Head<Number>& head, const Number* q, std::int64_t qStep, std::int64_t count,
                   Number* out, std::int64_t outStep);
};

const AttentionForm<Bf16>& attentionInAvx512Bf16();
const AttentionForm<float>& attentionInAvx512();
const AttentionForm<float>& attentionInAvx2();  ///< with FMA

}  // namespace easel::kernels
