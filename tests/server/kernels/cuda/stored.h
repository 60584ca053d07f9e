// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QTest>
#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "server/kernels/cuda/functions.h"
#include "server/kernels/cuda/numbers.h"

namespace easel::tests {

using kernels::cuda::NumberKind;

inline constexpr NumberKind kKinds[] = {NumberKind::Float32, NumberKind::Float16, NumberKind::BFloat16};

inline const char* nameOf(NumberKind kind) {
    return kind == NumberKind::Float32 ? "fp32" : kind == NumberKind::Float16 ? "fp16" : "bf16";
}

/// Numbers of a kind as kernels take them, in memory whose ends the sanitizers watch. With `skew` they begin
/// so many numbers behind an aligned place.
class Stored {
public:
    Stored(NumberKind kind, std::int64_t count, std::int64_t skew = 0)
        : m_kind(kind),
          m_size(kind == NumberKind::Float32 ? 4 : 2),
          m_count(count),
          m_skew(skew),
          m_bytes(static_cast<std::size_t>((count + skew) * m_size), '\xFF') {}

    template <typename Make>
    Stored& fill(Make make) {
        for (std::int64_t i = 0; i < m_count; ++i) {
            set(i, make(i));
        }
        return *this;
    }
    Stored& fillNormal(unsigned seed, double mean = 0, double spread = 1) {
        std::mt19937 random(seed);
        std::normal_distribution<double> normal(mean, spread);
        return fill([&](std::int64_t) { return normal(random); });
    }

    void set(std::int64_t i, double value) {
        using namespace kernels::cuda;
        const auto put = [&](auto number) {
            store(static_cast<float>(value), number);
            std::memcpy(place(i), &number, sizeof number);
        };
        m_kind == NumberKind::Float32   ? put(float())
        : m_kind == NumberKind::Float16 ? put(Float16())
                                        : put(BFloat16());
    }
    double at(std::int64_t i) const {
        using namespace kernels::cuda;
        const auto get = [&](auto number) {
            std::memcpy(&number, const_cast<Stored*>(this)->place(i), sizeof number);
            return double{valueOf(number)};
        };
        return m_kind == NumberKind::Float32   ? get(float())
               : m_kind == NumberKind::Float16 ? get(Float16())
                                               : get(BFloat16());
    }
    void* data() { return place(0); }
    std::int64_t count() const { return m_count; }
    NumberKind kind() const { return m_kind; }

    /// What is right, within rounding to the kind once and `slack` of what the sum's largest part is: 1 or
    /// less.
    double off(std::int64_t i, double right, double slack = 1e-5, double part = 1) const {
        const double got = at(i);
        if (std::isnan(right) || std::isinf(right)) {
            return (std::isnan(right) && std::isnan(got)) || got == right ? 0 : 2;
        }
        const double digits = m_kind == NumberKind::Float32   ? 0x1p-24
                              : m_kind == NumberKind::Float16 ? 0x1p-11
                                                              : 0x1p-8;
        const double least = m_kind == NumberKind::Float16 ? 0x1p-25 : 0x1p-134;
        const double allowed =
            std::max(digits * std::abs(right), least) + slack * std::max(part, std::abs(right));
        const double off = std::abs(got - right) / allowed;
        return std::isnan(off) ? 2 : off;
    }

private:
    char* place(std::int64_t i) { return m_bytes.data() + (i + m_skew) * m_size; }

    NumberKind m_kind;
    std::int64_t m_size;
    std::int64_t m_count;
    std::int64_t m_skew;
    std::vector<char> m_bytes;
};

}  // namespace easel::tests
