// SPDX-License-Identifier: Apache-2.0
// GEGLU in bfloat16 against its formula in double precision.
#include <QTest>
#include <cmath>
#include <limits>
#include <vector>

#include "server/kernels/geglu.h"
#include "tests/server/kernels/numbers.h"

using namespace easel::kernels;
using easel::tests::bitsOf;
using easel::tests::numberOf;

namespace {

constexpr std::int64_t kWidth = 16;

/// GELU of each bit pattern of bfloat16, `value` times.
std::vector<double> gelusOf(const std::vector<Bf16>& gates, double value) {
    const auto places = static_cast<std::int64_t>(gates.size()) / kWidth;
    std::vector<Bf16> x(2 * gates.size());
    for (std::size_t i = 0; i < gates.size(); ++i) {
        const std::size_t at = i / kWidth * 2 * kWidth + i % kWidth;
        x[at] = bitsOf(value);
        x[at + kWidth] = gates[i];
    }
    std::vector<Bf16> out(gates.size());
    gegluBf16(x.data(), places, kWidth, out.data());
    std::vector<double> numbers;
    for (const Bf16 bits : out) {
        numbers.push_back(numberOf(bits));
    }
    return numbers;
}

double gelu(double x) {
    return x * std::erfc(-x / std::sqrt(2.0)) / 2;
}

}  // namespace

class GegluTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() {
        if (!hasBf16()) {
            QSKIP("This processor does not multiply bfloat16.");
        }
    }

    void eachNumberIsTheFormula() {
        std::vector<Bf16> all;
        for (int bits = 0; bits < (1 << 16); ++bits) {
            all.push_back(static_cast<Bf16>(bits));
        }
        const auto made = gelusOf(all, -3);
        for (std::size_t i = 0; i < all.size(); ++i) {
            const double x = numberOf(all[i]);
            const double wanted = -3 * gelu(x);
            if (std::isnan(x) || x == -std::numeric_limits<double>::infinity()) {
                QVERIFY(std::isnan(made[i]));
            } else if (std::isinf(x)) {
                QCOMPARE(made[i], -x);
            } else if (std::abs(wanted) < 3e38) {
                QVERIFY2(std::abs(made[i] - wanted) <= std::abs(wanted) / 128 + 1e-6,
                         qPrintable(QString("%1: %2, not %3").arg(x).arg(made[i]).arg(wanted)));
            }
        }
    }

    void valuesAndGatesAreTold() {
        const std::int64_t width = 48;
        std::vector<Bf16> x(3 * 2 * width);
        for (std::size_t i = 0; i < x.size(); ++i) {
            x[i] = bitsOf(static_cast<double>(i % 97) / 10 - 4);
        }
        std::vector<Bf16> out(3 * width + 1, bitsOf(7));
        gegluBf16(x.data(), 3, width, out.data());
        for (std::size_t i = 0; i < 3 * width; ++i) {
            const std::size_t at = i / width * 2 * width + i % width;
            const double wanted = numberOf(x[at]) * gelu(numberOf(x[at + width]));
            QVERIFY(std::abs(numberOf(out[i]) - wanted) <= std::abs(wanted) / 128 + 1e-6);
        }
        QCOMPARE(out.back(), bitsOf(7));
    }

    void itTakesWholeLanes() {
        QVERIFY(geglusTake(16) && geglusTake(2560));
        QVERIFY(!geglusTake(8) && !geglusTake(2568));
    }
};

QTEST_GUILESS_MAIN(GegluTest)
#include "test_geglu.moc"
