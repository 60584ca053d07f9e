// SPDX-License-Identifier: Apache-2.0
#include "server/kernels/group_norm.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "server/kernels/group_norm_avx512.h"

namespace easel::kernels {
namespace {

constexpr std::int64_t kNumbersOfPart = 1 << 16;  // so that a part is in the cache when it is read again

double numberOf(Bf16 bits) {
    return double{std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16)};
}

}  // namespace

GroupNormBf16::GroupNormBf16(const Shape& shape, double eps)
    : m_shape(shape),
      m_eps(eps),
      m_partsOfRow(std::clamp<std::int64_t>(shape.places * shape.channels / kNumbersOfPart, 1, shape.places)),
      m_sums(static_cast<std::size_t>(2 * parts() * shape.channels)),
      m_scales(static_cast<std::size_t>(shape.rows * shape.channels)),
      m_shifts(m_scales.size()) {}

GroupNormBf16::Range GroupNormBf16::rangeOf(std::int64_t part) const {
    const std::int64_t place = part % m_partsOfRow;
    const std::int64_t first = place * m_shape.places / m_partsOfRow;
    return {part / m_partsOfRow, first, (place + 1) * m_shape.places / m_partsOfRow - first};
}

void GroupNormBf16::sum(std::int64_t part, const Bf16* x) {
    const auto [row, first, count] = rangeOf(part);
    const std::int64_t channels = m_shape.channels;
    const Bf16* const map = x + row * m_shape.places * channels;
    avx512::sumUp(map + first * channels, count, channels, map, m_sums.data() + 2 * part * channels);
}

/// The spread of a group is that of its channels and that between them.
void GroupNormBf16::settle(const Bf16* x, std::span<const float> weight, std::span<const float> bias,
                           std::span<const float> added) {
    const std::int64_t channels = m_shape.channels;
    const std::int64_t width = channels / m_shape.groups;
    const auto places = static_cast<double>(m_shape.places);
    std::vector<double> means(static_cast<std::size_t>(width));
    for (std::int64_t group = 0; group < m_shape.rows * m_shape.groups; ++group) {
        const std::int64_t row = group / m_shape.groups;
        const std::int64_t begin = group % m_shape.groups * width;
        const Bf16* const firsts = x + row * m_shape.places * channels + begin;
        const auto addedTo = [&](std::int64_t channel) {
            return added.empty() ? 0.0 : double{added[static_cast<std::size_t>(row * channels + channel)]};
        };
        double mean = 0;
        double squares = 0;
        for (std::int64_t i = 0; i < width; ++i) {
            double plain = 0;
            double square = 0;
            for (std::int64_t part = row * m_partsOfRow; part < (row + 1) * m_partsOfRow; ++part) {
                const float* const sums = m_sums.data() + 2 * part * channels + begin + i;
                plain += double{sums[0]};
                square += double{sums[channels]};
            }
            const double over = plain / places;
            means[static_cast<std::size_t>(i)] = numberOf(firsts[i]) + over + addedTo(begin + i);
            mean += means[static_cast<std::size_t>(i)] / static_cast<double>(width);
            squares += square - plain * over;
        }
        for (const double of : means) {
            squares += places * (of - mean) * (of - mean);
        }
        const double scale = 1 / std::sqrt(squares / (places * static_cast<double>(width)) + m_eps);
        for (std::int64_t i = begin; i < begin + width; ++i) {
            const auto channel = static_cast<std::size_t>(i);
            const auto place = static_cast<std::size_t>(row * channels + i);
            m_scales[place] = static_cast<float>(scale * double{weight[channel]});
            m_shifts[place] = static_cast<float>(double{bias[channel]} +
                                                 (addedTo(i) - mean) * scale * double{weight[channel]});
        }
    }
}

void GroupNormBf16::run(std::int64_t part, const Bf16* x, Bf16* out, After after) const {
    const auto [row, first, count] = rangeOf(part);
    const std::int64_t place = (row * m_shape.places + first) * m_shape.channels;
    avx512::normalize(x + place, count, m_shape.channels, m_scales.data() + row * m_shape.channels,
                      m_shifts.data() + row * m_shape.channels, after == After::Silu, out + place);
}

}  // namespace easel::kernels
