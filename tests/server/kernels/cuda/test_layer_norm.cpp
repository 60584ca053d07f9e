// SPDX-License-Identifier: Apache-2.0
// Layer norm as a GPU computes it, against its formula in double precision.
#include <QTest>
#include <cmath>
#include <limits>

#include "tests/server/kernels/cuda/stored.h"

using namespace easel::kernels::cuda;
using namespace easel::tests;

namespace {

constexpr double kEps = 1e-5;

struct Case {
    Case(NumberKind kind, std::int64_t rowCount, std::int64_t rowWidth, std::int64_t skew = 0)
        : rows(rowCount),
          width(rowWidth),
          x(kind, rows * width, skew),
          weight(kind, width, skew),
          bias(kind, width, skew),
          out(kind, rows * width, skew) {
        x.fillNormal(1);
        weight.fillNormal(2, 1, 0.1);
        bias.fillNormal(3);
    }

    void run() {
        const LayerNormCall call{x.kind(),   x.data(), weight.data(), bias.data(),
                                 out.data(), rows,     width,         static_cast<float>(kEps)};
        QCOMPARE(layerNorm(call, nullptr), 0);
    }

    double off() {
        double greatest = 0;
        for (std::int64_t row = 0; row < rows; ++row) {
            double mean = 0;
            double squares = 0;
            for (std::int64_t i = row * width; i < (row + 1) * width; ++i) {
                mean += x.at(i) / static_cast<double>(width);
            }
            for (std::int64_t i = row * width; i < (row + 1) * width; ++i) {
                squares += (x.at(i) - mean) * (x.at(i) - mean) / static_cast<double>(width);
            }
            for (std::int64_t i = 0; i < width; ++i) {
                const double y =
                    (x.at(row * width + i) - mean) / std::sqrt(squares + kEps) * weight.at(i) + bias.at(i);
                greatest = std::max(greatest, out.off(row * width + i, y, 4e-6));
            }
        }
        return greatest;
    }

    std::int64_t rows;
    std::int64_t width;
    Stored x, weight, bias, out;
};

}  // namespace

class CudaLayerNormTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void itIsTheFormula_data() {
        QTest::addColumn<int>("rows");
        QTest::addColumn<int>("width");
        for (const int width : {1, 2, 31, 32, 33, 255, 256, 257, 320, 640, 768, 1000, 1280, 4097}) {
            QTest::addRow("width %d", width) << 5 << width;
        }
        for (const int rows : {1, 3, 4, 97, 300}) {
            QTest::addRow("%d rows", rows) << rows << 40;
        }
    }

    void itIsTheFormula() {
        QFETCH(int, rows);
        QFETCH(int, width);
        for (const NumberKind kind : kKinds) {
            Case random(kind, rows, width);
            random.run();
            QVERIFY2(random.off() <= 1, qPrintable(QString("%1 %2").arg(nameOf(kind)).arg(random.off())));
        }
    }

    void whatIsNotAlignedIsRightToo() {
        for (const NumberKind kind : kKinds) {
            Case random(kind, 6, 320, 1);
            random.run();
            QVERIFY(random.off() <= 1);
        }
    }

    void outliersAndFarNumbersKeepTheirDigits() {
        Case random(NumberKind::Float32, 6, 320);
        random.x.fill([&](std::int64_t i) {
            return random.x.at(i) + (i % 320 == 0 ? 300 : 0) + 1000 * double(i / 320);
        });
        random.run();
        // What a number about 5000 itself loses in single precision.
        QVERIFY2(random.off() <= 60, qPrintable(QString::number(random.off())));
        Case outlier(NumberKind::Float32, 6, 320);
        outlier.x.fill([&](std::int64_t i) { return outlier.x.at(i) + (i % 320 == 0 ? 300 : 0); });
        outlier.run();
        QVERIFY2(outlier.off() <= 1, qPrintable(QString::number(outlier.off())));
    }

    void whatIsNoNumberSpoilsItsRowAlone() {
        for (const double bad :
             {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
            for (const std::int64_t place : {40, 79}) {
                Case random(NumberKind::BFloat16, 3, 40);
                random.x.set(place, bad);
                random.run();
                for (std::int64_t i = 0; i < random.out.count(); ++i) {
                    QCOMPARE(std::isnan(random.out.at(i)), i / 40 == 1);
                }
            }
        }
    }

    void largeAndSmallStayFinite() {
        for (const auto& [kind, by] : {std::pair{NumberKind::BFloat16, 1e15},
                                       {NumberKind::BFloat16, 1e-30},
                                       {NumberKind::Float16, 1e4},
                                       {NumberKind::Float16, 1e-7}}) {
            Case random(kind, 4, 320);
            random.x.fillNormal(1, 0, by);
            random.run();
            QVERIFY2(random.off() <= 1, qPrintable(QString::number(by)));
        }
    }

    void noRowsAreNothing() {
        Case nothing(NumberKind::Float16, 0, 32);
        nothing.run();
        QCOMPARE(nothing.out.count(), 0);
    }
};

QTEST_GUILESS_MAIN(CudaLayerNormTest)
#include "test_layer_norm.moc"
