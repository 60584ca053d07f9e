// SPDX-License-Identifier: Apache-2.0
// How wide to draw, by what passes took.
#include "server/diffusion/widths.h"

#include <QFile>
#include <QTemporaryDir>
#include <QTest>

using easel::diffusion::Widths;

namespace {

/// What a pass of `width` drawings takes on a device on which that gains nothing, or on one where each but
/// the first is nearly free up to `saturation`.
double onCpu(int width) {
    return 0.1 * width;
}

double onGpu(int width, int saturation) {
    return width <= saturation ? 0.1 + 0.001 * width : 0.1 * width / saturation + 0.001 * width;
}

/// Draws with eight in line, and answers what the width comes to.
template <typename Seconds>
int settled(Widths& widths, const std::string& group, Seconds seconds) {
    int width = 0;
    for (int i = 0; i < 50; ++i) {
        width = widths.widest(group, 8);
        widths.measured(group, width, seconds(width));
    }
    return width;
}

}  // namespace

class WidthsTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void stopsWhereItNoLongerPays() {
        Widths widths({}, "device");
        QCOMPARE(settled(widths, "cpu", onCpu), 1);
        QCOMPARE(settled(widths, "gpu", [](int width) { return onGpu(width, 8); }), 8);
        QCOMPARE(settled(widths, "small gpu", [](int width) { return onGpu(width, 4); }), 4);
    }

    void nobodyWaitsForCompany() {
        Widths widths({}, "device");
        QCOMPARE(widths.widest("gpu", 1), 1);
        QCOMPARE(widths.widest("gpu", 8), 1);  // to measure it
        settled(widths, "gpu", [](int width) { return onGpu(width, 8); });
        for (std::size_t inLine = 1; inLine <= 8; ++inLine) {
            QCOMPARE(widths.widest("gpu", inLine), static_cast<int>(inLine));
        }
        QCOMPARE(widths.widest("gpu", 100), 8);
    }

    void oneSlowPassDecidesNothing() {
        Widths widths({}, "device");
        int passes = 0;
        const int wide = settled(widths, "gpu", [&](int width) {
            return onGpu(width, 8) * (++passes % 3 == 0 ? 50 : 1);  // something else ran
        });
        QCOMPARE(wide, 8);
    }

    void isRememberedForTheSameDevice() {
        const QTemporaryDir folder;
        const std::string file = folder.filePath("widths").toStdString();
        {
            Widths widths(file, "GPU A");
            settled(widths, "gpu 4 64 64", [](int width) { return onGpu(width, 4); });
        }
        {
            Widths other(file, "GPU B");
            QCOMPARE(other.widest("gpu 4 64 64", 8), 1);
            settled(other, "gpu 4 64 64", onCpu);
        }
        QCOMPARE(Widths(file, "GPU A").widest("gpu 4 64 64", 8), 4);
        QCOMPARE(Widths(file, "GPU B").widest("gpu 4 64 64", 8), 1);
        QCOMPARE(Widths(file, "GPU A").widest("gpu 4 32 32", 8), 1);
    }

    void aFileThatIsNoneIsDoneWithout_data() {
        QTest::addColumn<QByteArray>("text");
        QTest::newRow("other text") << QByteArray("hello\n\n\tworld\n");
        QTest::newRow("not numbers") << QByteArray("GPU\tshape\twide\tfast\n");
        QTest::newRow("not a width") << QByteArray("GPU\tshape\t3\t0.1\n");
        QTest::newRow("not finite") << QByteArray("GPU\tshape\t1\tinf\nGPU\tshape\t1\tnan\n");
        QTest::newRow("negative") << QByteArray("GPU\tshape\t1\t-1\n");
        QTest::newRow("bytes") << QByteArray(100'000, '\xff');
    }

    void aFileThatIsNoneIsDoneWithout() {
        QFETCH(QByteArray, text);
        const QTemporaryDir folder;
        QFile file(folder.filePath("widths"));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(text);
        file.close();
        Widths widths(file.fileName().toStdString(), "GPU");
        QCOMPARE(widths.widest("shape", 8), 1);
        QCOMPARE(settled(widths, "shape", [](int width) { return onGpu(width, 8); }), 8);
        QCOMPARE(Widths(file.fileName().toStdString(), "GPU").widest("shape", 8), 8);
    }

    void aPlaceThatCannotBeWrittenIsDoneWithout() {
        Widths widths("/proc/nowhere/widths", "GPU");
        QCOMPARE(settled(widths, "shape", [](int width) { return onGpu(width, 8); }), 8);
    }

    void whatHasNoMemoryIsNotTriedAgain() {
        Widths widths({}, "device");
        settled(widths, "gpu", [](int width) { return onGpu(width, 8); });
        widths.tooWide("gpu", 8);
        QCOMPARE(widths.widest("gpu", 8), 4);
        widths.tooWide("gpu", 2);
        QCOMPARE(widths.widest("gpu", 8), 1);
    }
};

QTEST_GUILESS_MAIN(WidthsTest)
#include "test_widths.moc"
