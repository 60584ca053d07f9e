// SPDX-License-Identifier: Apache-2.0
// Group norm as a GPU computes it, against its formula in double precision.
#include <QTest>
#include <cmath>
#include <limits>

#include "tests/server/kernels/cuda/stored.h"

using namespace easel::kernels::cuda;
using namespace easel::tests;

namespace {

constexpr double kEps = 1e-5;

struct Shape {
    std::int64_t rows;
    std::int64_t places;
    std::int64_t channels;
    std::int64_t groups;

    std::int64_t count() const { return rows * places * channels; }
};

struct Case {
    Case(NumberKind kind, const Shape& of, std::int64_t skew = 0)
        : shape(of),
          x(kind, of.count(), skew),
          weight(kind, of.channels, skew),
          bias(kind, of.channels, skew),
          out(kind, of.count(), skew) {
        x.fillNormal(1);
        weight.fillNormal(2, 1, 0.1);
        bias.fillNormal(3);
    }

    void run(bool silu) {
        GroupNormCall call{.kind = x.kind(),
                           .x = x.data(),
                           .weight = weight.data(),
                           .bias = bias.data(),
                           .out = out.data(),
                           .workspace = nullptr,
                           .rows = shape.rows,
                           .places = shape.places,
                           .channels = shape.channels,
                           .groups = shape.groups,
                           .eps = static_cast<float>(kEps),
                           .silu = silu};
        std::vector<float> workspace(static_cast<std::size_t>(groupNormWorkspace(call)));
        call.workspace = workspace.data();
        QCOMPARE(groupNorm(call, nullptr), 0);
    }

    double off(bool silu) {
        const std::int64_t width = shape.channels / shape.groups;
        const auto count = static_cast<double>(shape.places * width);
        double greatest = 0;
        for (std::int64_t row = 0; row < shape.rows; ++row) {
            for (std::int64_t group = 0; group < shape.groups; ++group) {
                const auto each = [&](auto&& work) {
                    for (std::int64_t place = 0; place < shape.places; ++place) {
                        for (std::int64_t i = group * width; i < (group + 1) * width; ++i) {
                            work((row * shape.places + place) * shape.channels + i, i);
                        }
                    }
                };
                double mean = 0;
                double squares = 0;
                each([&](std::int64_t at, std::int64_t) { mean += x.at(at) / count; });
                each([&](std::int64_t at, std::int64_t) {
                    squares += (x.at(at) - mean) * (x.at(at) - mean) / count;
                });
                const double scale = 1 / std::sqrt(squares + kEps);
                each([&](std::int64_t at, std::int64_t i) {
                    double y = (x.at(at) - mean) * scale * weight.at(i) + bias.at(i);
                    y = silu ? y / (1 + std::exp(-y)) : y;
                    // What single precision loses where a mean is far from zero.
                    const double part = 1 + std::abs(mean * scale);
                    greatest = std::max(greatest, out.off(at, y, 4e-6, part));
                });
            }
        }
        return greatest;
    }

    Shape shape;
    Stored x, weight, bias, out;
};

}  // namespace

class CudaGroupNormTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void itIsTheFormula_data() {
        QTest::addColumn<Shape>("shape");
        QTest::newRow("one number") << Shape{1, 1, 1, 1};
        QTest::newRow("one place") << Shape{2, 1, 32, 2};
        QTest::newRow("odd groups") << Shape{2, 35, 21, 7};
        QTest::newRow("odd packs") << Shape{1, 9, 8 * 129, 3};
        QTest::newRow("a number a group") << Shape{1, 3, 40, 40};
        QTest::newRow("narrow groups") << Shape{2, 63, 64, 32};
        QTest::newRow("one group") << Shape{1, 100, 80, 1};
        QTest::newRow("several parts") << Shape{2, 1024, 32, 8};
        QTest::newRow("as a UNet has them") << Shape{1, 64, 320, 32};
        QTest::newRow("many channels") << Shape{1, 7, 1280, 8};
    }

    void itIsTheFormula() {
        QFETCH(Shape, shape);
        for (const NumberKind kind : kKinds) {
            const bool silu = kind != NumberKind::Float32;
            Case random(kind, shape);
            random.run(silu);
            QVERIFY2(random.off(silu) <= 1,
                     qPrintable(QString("%1 %2").arg(nameOf(kind)).arg(random.off(silu))));
        }
    }

    void whatIsNotAlignedIsRightToo() {
        for (const NumberKind kind : kKinds) {
            Case random(kind, {2, 30, 32, 4}, 1);
            random.run(true);
            QVERIFY(random.off(true) <= 1);
        }
    }

    void theOutputMayBeTheInput() {
        Case random(NumberKind::Float16, {2, 300, 32, 4});
        random.run(true);
        Case same(NumberKind::Float16, {2, 300, 32, 4});
        std::swap(same.x, same.out);
        same.out.fillNormal(1);
        Case inPlace(NumberKind::Float16, {2, 300, 32, 4});
        GroupNormCall call{NumberKind::Float16,
                           inPlace.x.data(),
                           inPlace.weight.data(),
                           inPlace.bias.data(),
                           inPlace.x.data(),
                           nullptr,
                           2,
                           300,
                           32,
                           4,
                           static_cast<float>(kEps),
                           true};
        std::vector<float> workspace(static_cast<std::size_t>(groupNormWorkspace(call)));
        call.workspace = workspace.data();
        QCOMPARE(groupNorm(call, nullptr), 0);
        for (std::int64_t i = 0; i < inPlace.x.count(); ++i) {
            QCOMPARE(inPlace.x.at(i), random.out.at(i));
        }
    }

    void farFromZeroItKeepsItsDigits() {
        Case random(NumberKind::Float32, {1, 500, 64, 8});
        random.x.fill([&](std::int64_t i) { return random.x.at(i) + 1000 * double(i % 64 / 8); });
        random.run(false);
        QVERIFY2(random.off(false) <= 1, qPrintable(QString::number(random.off(false))));
    }

    void channelsMayLieFarApart() {
        Case random(NumberKind::Float32, {1, 500, 64, 8});
        random.x.fill([&](std::int64_t i) { return random.x.at(i) + 1000 * double(i % 64); });
        random.run(false);
        QVERIFY2(random.off(false) <= 1, qPrintable(QString::number(random.off(false))));
    }

    void whatIsTheSameEverywhereBecomesTheBias() {
        for (const NumberKind kind : kKinds) {
            Case same(kind, {1, 50, 32, 2});
            same.x.fill([](std::int64_t) { return 3; });
            same.run(false);
            for (std::int64_t i = 0; i < same.out.count(); ++i) {
                QVERIFY(same.out.off(i, same.bias.at(i % 32)) <= 1);
            }
        }
    }

    void whatIsNoNumberSpoilsItsGroupAlone() {
        for (const double bad :
             {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
            for (const std::int64_t place : {0, 16 * 20 + 3}) {
                Case random(NumberKind::Float16, {1, 50, 16, 2});
                random.x.set(place, bad);
                random.run(true);
                for (std::int64_t i = 0; i < random.out.count(); ++i) {
                    QCOMPARE(std::isnan(random.out.at(i)), i % 16 < 8);
                }
            }
        }
    }

    void largeAndSmallStayFinite() {
        for (const auto& [kind, by] : {std::pair{NumberKind::BFloat16, 1e15},
                                       {NumberKind::BFloat16, 1e-30},
                                       {NumberKind::Float16, 1e4},
                                       {NumberKind::Float16, 1e-7}}) {
            Case random(kind, {1, 60, 32, 2});
            random.x.fillNormal(1, 0, by);
            random.run(true);
            QVERIFY2(random.off(true) <= 1, qPrintable(QString::number(by)));
        }
    }

    void noRowsAreNothing() {
        Case nothing(NumberKind::Float16, {0, 60, 32, 2});
        nothing.run(true);
        QCOMPARE(nothing.out.count(), 0);
    }
};

QTEST_GUILESS_MAIN(CudaGroupNormTest)
#include "test_group_norm.moc"
