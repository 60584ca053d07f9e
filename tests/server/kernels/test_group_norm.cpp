// SPDX-License-Identifier: Apache-2.0
// Group norm in bfloat16 against its formula in double precision.
#include <QTest>
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "server/kernels/group_norm.h"
#include "tests/server/kernels/numbers.h"

using namespace easel::kernels;
using easel::tests::bitsOf;
using easel::tests::numberOf;

namespace {

constexpr double kEps = 1e-5;

struct Case {
    /// Each channel lies about a number of its own, up to `apart` spreads from zero.
    Case(const GroupNormBf16::Shape& of, double apart) : shape(of) {
        std::mt19937 random(1);
        std::normal_distribution<float> normal;
        const auto channels = static_cast<std::size_t>(of.channels);
        std::vector<double> middles(channels);
        for (std::size_t i = 0; i < channels; ++i) {
            middles[i] = apart * double{normal(random)};
            weight.push_back(1 + 0.1F * normal(random));
            bias.push_back(normal(random));
        }
        x.resize(static_cast<std::size_t>(of.rows * of.places) * channels);
        out.resize(x.size());
        for (std::size_t i = 0; i < x.size(); ++i) {
            x[i] = bitsOf(middles[i % channels] + double{normal(random)});
        }
    }

    void run(GroupNormBf16::After after, const std::vector<float>& added = {}) {
        GroupNormBf16 norm(shape, kEps);
        for (std::int64_t i = 0; i < norm.parts(); ++i) {
            norm.sum(i, x.data());
        }
        norm.settle(x.data(), weight, bias, added);
        for (std::int64_t i = 0; i < norm.parts(); ++i) {
            norm.run(i, x.data(), out.data(), after);
        }
    }

    /// The greatest difference from the formula, in steps of bfloat16 at what it should be.
    double off(GroupNormBf16::After after) const {
        const std::int64_t width = shape.channels / shape.groups;
        double greatest = 0;
        for (std::int64_t row = 0; row < shape.rows; ++row) {
            for (std::int64_t group = 0; group < shape.groups; ++group) {
                double mean = 0;
                double squares = 0;
                const auto each = [&](auto&& work) {
                    for (std::int64_t place = 0; place < shape.places; ++place) {
                        for (std::int64_t i = group * width; i < (group + 1) * width; ++i) {
                            work(static_cast<std::size_t>((row * shape.places + place) * shape.channels + i),
                                 static_cast<std::size_t>(i));
                        }
                    }
                };
                const auto count = static_cast<double>(shape.places * width);
                each([&](std::size_t at, std::size_t) { mean += numberOf(x[at]) / count; });
                each([&](std::size_t at, std::size_t) {
                    squares += (numberOf(x[at]) - mean) * (numberOf(x[at]) - mean) / count;
                });
                each([&](std::size_t at, std::size_t i) {
                    double y = (numberOf(x[at]) - mean) / std::sqrt(squares + kEps) * double{weight[i]} +
                               double{bias[i]};
                    y = after == GroupNormBf16::After::Silu ? y / (1 + std::exp(-y)) : y;
                    greatest =
                        std::max(greatest, std::abs(numberOf(out[at]) - y) / (std::abs(y) / 256 + 1e-3));
                });
            }
        }
        return greatest;
    }

    GroupNormBf16::Shape shape;
    std::vector<float> weight;
    std::vector<float> bias;
    std::vector<Bf16> x;
    std::vector<Bf16> out;
};

}  // namespace

class GroupNormTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() {
        if (!hasBf16()) {
            QSKIP("This processor does not multiply bfloat16.");
        }
    }

    void itIsTheFormula_data() {
        QTest::addColumn<GroupNormBf16::Shape>("shape");
        QTest::newRow("one place") << GroupNormBf16::Shape{1, 1, 32, 2};
        QTest::newRow("odd groups") << GroupNormBf16::Shape{2, 35, 48, 3};
        QTest::newRow("narrow groups") << GroupNormBf16::Shape{2, 63, 64, 32};
        QTest::newRow("one group") << GroupNormBf16::Shape{1, 100, 80, 1};
        QTest::newRow("several parts") << GroupNormBf16::Shape{2, 4096, 96, 32};
        QTest::newRow("many channels") << GroupNormBf16::Shape{2, 70, 2560, 32};
        QTest::newRow("parts of a place") << GroupNormBf16::Shape{1, 3, 131072, 32};
    }

    void itIsTheFormula() {
        QFETCH(GroupNormBf16::Shape, shape);
        Case random(shape, 1);
        for (const auto after : {GroupNormBf16::After::Nothing, GroupNormBf16::After::Silu}) {
            random.run(after);
            QVERIFY2(random.off(after) < 1, qPrintable(QString::number(random.off(after))));
        }
    }

    void farFromZeroItKeepsItsDigits() {
        Case random({1, 1000, 64, 8}, 1000);
        random.run(GroupNormBf16::After::Nothing);
        QVERIFY(random.off(GroupNormBf16::After::Nothing) < 1);
    }

    void whatIsAddedIsAddedBefore() {
        Case random({2, 300, 64, 8}, 1);
        std::vector<float> added;
        for (std::size_t i = 0; i < std::size_t{2} * 64; ++i) {
            added.push_back(0.5F * static_cast<float>(i % 7) - 1);
        }
        for (Bf16& number : random.x) {  // so that the sums are not rounded
            number = bitsOf(std::clamp(std::round(numberOf(number) * 16) / 16, -2.0, 2.0));
        }
        random.run(GroupNormBf16::After::Silu, added);
        for (std::size_t i = 0; i < random.x.size(); ++i) {
            const std::size_t row = i / (std::size_t{300} * 64);
            random.x[i] = bitsOf(numberOf(random.x[i]) + double{added[row * 64 + i % 64]});
        }
        QVERIFY2(random.off(GroupNormBf16::After::Silu) < 1,
                 qPrintable(QString::number(random.off(GroupNormBf16::After::Silu))));
    }

    void whatIsTheSameEverywhereBecomesTheBias() {
        Case same({1, 50, 32, 2}, 0);
        std::ranges::fill(same.x, bitsOf(3));
        same.run(GroupNormBf16::After::Nothing);
        for (std::size_t i = 0; i < same.out.size(); ++i) {
            QCOMPARE(same.out[i], bitsOf(double{same.bias[i % 32]}));
        }
    }

    void whatIsNoNumberStaysNone() {
        for (const std::size_t place : {std::size_t{0}, std::size_t{333}}) {
            Case random({1, 50, 32, 2}, 1);
            random.x[place] = bitsOf(std::numeric_limits<double>::quiet_NaN());
            random.run(GroupNormBf16::After::Silu);
            QVERIFY(std::isnan(numberOf(random.out[place])));
        }
    }

    void largeAndSmallStayFinite() {
        for (const double by : {1e-30, 1e15}) {
            Case random({1, 50, 32, 2}, 1);
            std::ranges::transform(random.x, random.x.begin(),
                                   [&](Bf16 bits) { return bitsOf(by * numberOf(bits)); });
            random.run(GroupNormBf16::After::Silu);
            QVERIFY(std::ranges::all_of(random.out, [](Bf16 bits) { return std::isfinite(numberOf(bits)); }));
        }
    }
};

Q_DECLARE_METATYPE(easel::kernels::GroupNormBf16::Shape)
QTEST_GUILESS_MAIN(GroupNormTest)
#include "test_group_norm.moc"
