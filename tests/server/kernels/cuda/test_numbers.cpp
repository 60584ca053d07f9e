// SPDX-License-Identifier: Apache-2.0
// How the host stores half precisions, against what their bits mean.
#include <QTest>
#include <bit>
#include <cmath>
#include <limits>

#include "server/kernels/cuda/numbers.h"

using namespace easel::kernels::cuda;

namespace {

double meaningOf(std::uint16_t bits, int fractionBits, int bias) {
    const int exponentBits = 15 - fractionBits;
    const int exponent = (bits >> fractionBits) & ((1 << exponentBits) - 1);
    const int fraction = bits & ((1 << fractionBits) - 1);
    const double sign = bits >> 15 != 0 ? -1 : 1;
    if (exponent == (1 << exponentBits) - 1) {
        return fraction != 0 ? std::numeric_limits<double>::quiet_NaN()
                             : sign * std::numeric_limits<double>::infinity();
    }
    const double size = exponent == 0
                            ? std::ldexp(fraction, 1 - bias - fractionBits)
                            : std::ldexp(fraction + (1 << fractionBits), exponent - bias - fractionBits);
    return sign * size;
}

template <typename Number>
struct Meaning;
template <>
struct Meaning<Float16> {
    static constexpr int kFraction = 10;
    static constexpr int kBias = 15;
};
template <>
struct Meaning<BFloat16> {
    static constexpr int kFraction = 7;
    static constexpr int kBias = 127;
};

/// The first number of all that is read or stored wrongly; none: -1.
template <typename Number>
int firstWrong() {
    for (int bits = 0; bits < 1 << 16; ++bits) {
        const Number number{static_cast<std::uint16_t>(bits)};
        const double right = meaningOf(number.bits, Meaning<Number>::kFraction, Meaning<Number>::kBias);
        const float value = valueOf(number);
        Number again{};
        store(value, again);
        const bool isRight = std::isnan(right) ? std::isnan(value) && std::isnan(valueOf(again))
                                               : double{value} == right && again.bits == number.bits;
        if (!isRight || std::signbit(value) != (bits >> 15 != 0)) {
            return bits;
        }
    }
    return -1;
}

/// The first pair of neighbours between which is not rounded to the nearest, and in the middle to the even
/// one.
template <typename Number>
int firstRoundedWrongly() {
    constexpr int kInfinite = (1 << 15) - (1 << Meaning<Number>::kFraction);
    for (int bits = 0; bits + 1 < kInfinite; ++bits) {
        const double low =
            meaningOf(static_cast<std::uint16_t>(bits), Meaning<Number>::kFraction, Meaning<Number>::kBias);
        const double high = meaningOf(static_cast<std::uint16_t>(bits + 1), Meaning<Number>::kFraction,
                                      Meaning<Number>::kBias);
        const auto middle = static_cast<float>((low + high) / 2);
        if (double{middle} != (low + high) / 2) {
            continue;  // which single precision does not hold
        }
        for (const float sign : {1.0F, -1.0F}) {
            const auto isStoredAs = [&](float value, int expected) {
                Number number{};
                store(sign * value, number);
                return number.bits == (expected | (sign < 0 ? 0x8000 : 0));
            };
            if (!isStoredAs(std::nextafter(middle, 0.0F), bits) || !isStoredAs(middle, bits + (bits & 1)) ||
                !isStoredAs(std::nextafter(middle, std::numeric_limits<float>::infinity()), bits + 1)) {
                return bits;
            }
        }
    }
    return -1;
}

}  // namespace

class CudaNumbersTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void allNumbersMeanWhatTheirBitsSay() {
        QCOMPARE(firstWrong<Float16>(), -1);
        QCOMPARE(firstWrong<BFloat16>(), -1);
    }

    void whatLiesBetweenIsRounded() {
        QCOMPARE(firstRoundedWrongly<Float16>(), -1);
        QCOMPARE(firstRoundedWrongly<BFloat16>(), -1);
    }

    void whatIsTooLargeBecomesInfinite() {
        Float16 half{};
        for (const float value : {65520.0F, 1e30F, std::numeric_limits<float>::infinity()}) {
            store(value, half);
            QCOMPARE(half.bits, std::uint16_t{0x7C00});
        }
        store(65519.99F, half);
        QCOMPARE(half.bits, std::uint16_t{0x7BFF});
        BFloat16 brain{};
        store(std::numeric_limits<float>::max(), brain);
        QCOMPARE(brain.bits, std::uint16_t{0x7F80});
    }
};

QTEST_GUILESS_MAIN(CudaNumbersTest)
#include "test_numbers.moc"
