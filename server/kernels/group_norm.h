// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "server/kernels/bf16.h"
#include "server/kernels/processor.h"

namespace easel::kernels {

/// Group norm, with SiLU behind it if wanted, of maps in bfloat16 whose channels lie side by side, where
/// hasBf16(); what is summed up is float32. The work is in parts that any threads may do: all of sum(), then
/// settle(), then all of run(). https://arxiv.org/abs/1803.08494
class GroupNormBf16 {
public:
    struct Shape {
        std::int64_t rows;    ///< of the batch
        std::int64_t places;  ///< of a map
        std::int64_t channels;
        std::int64_t groups;
    };
    enum class After { Nothing, Silu };

    /// Whether so many channels can be taken.
    static bool takes(std::int64_t channels) { return channels % 16 == 0; }

    GroupNormBf16(const Shape& shape, double eps);

    std::int64_t parts() const { return m_shape.rows * m_partsOfRow; }
    /// x [rows, places, channels].
    void sum(std::int64_t part, const Bf16* x);
    /// `weight` and `bias` [channels]; `added` [rows, channels] to what x has at all places, or empty.
    void settle(const Bf16* x, std::span<const float> weight, std::span<const float> bias,
                std::span<const float> added = {});
    void run(std::int64_t part, const Bf16* x, Bf16* out, After after) const;

private:
    struct Range {
        std::int64_t row;
        std::int64_t first;
        std::int64_t count;
    };
    Range rangeOf(std::int64_t part) const;

    Shape m_shape;
    double m_eps;
    std::int64_t m_partsOfRow;
    std::vector<float>
        m_sums;  // [parts, 2, channels]: of what exceeds the map's first numbers, and its squares
    std::vector<float> m_scales;  // [rows, channels]
    std::vector<float> m_shifts;
};

}  // namespace easel::kernels
