// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "desktop/ui/paint/mask_image.h"
#include "desktop/ui/paint/mask_overlay.h"

using namespace easel;
using ui::Ink;
using ui::MaskImage;

namespace {

int level(const MaskImage& mask, int x, int y) {
    return mask.image().constScanLine(y)[x];
}

/// How many pixels of `mask` are at `least` or above.
int count(const MaskImage& mask, int least = 128) {
    int found = 0;
    for (int y = 0; y < mask.image().height(); ++y) {
        for (int x = 0; x < mask.image().width(); ++x) {
            found += level(mask, x, y) >= least ? 1 : 0;
        }
    }
    return found;
}

/// A closed ring of radius 60 around the middle of 200 x 200.
void drawRing(MaskImage& mask) {
    constexpr int kParts = 64;
    const auto at = [](int i) {
        const double angle = 2 * M_PI * i / kParts;
        return QPointF(100 + 60 * std::cos(angle), 100 + 60 * std::sin(angle));
    };
    for (int i = 0; i < kParts; ++i) {
        mask.stroke(at(i), at(i + 1), 5, Ink::Paint);
    }
    mask.endStroke();
}

}  // namespace

class TestMaskImage : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void beginsAsItIsGiven();
    void aStrokeIsRoundAndAsWideAsTheBrush();
    void theEraserTakesAway();
    void aStrokeIsUndoneWhole();
    void undoEndsTheStroke();
    void theWholeIsFilledClearedAndInverted();
    void aFloodStopsAtWhatIsPainted();
    void aFloodLeavesNoSeam();
    void outsideNothingHappens();
    void theOverlayIsSeen_data();
    void theOverlayIsSeen();
};

void TestMaskImage::beginsAsItIsGiven() {
    const MaskImage empty({30, 20}, {});
    QCOMPARE(empty.image().size(), QSize(30, 20));
    QCOMPARE(empty.image().format(), QImage::Format_Grayscale8);
    QCOMPARE(count(empty, 1), 0);
    QImage small(3, 2, QImage::Format_RGB32);
    small.fill(Qt::white);
    const MaskImage stretched({30, 20}, small);
    QCOMPARE(stretched.image().format(), QImage::Format_Grayscale8);
    QCOMPARE(count(stretched, 255), 30 * 20);
    QVERIFY(!stretched.canUndo());
}

void TestMaskImage::aStrokeIsRoundAndAsWideAsTheBrush() {
    MaskImage mask({200, 200}, {});
    const QRect dab = mask.stroke({100, 100}, {100, 100}, 40, Ink::Paint);
    QVERIFY(QRect(80, 80, 40, 40).intersected(dab) == QRect(80, 80, 40, 40));
    const double area = M_PI * 20 * 20;
    QVERIFY(qAbs(count(mask) - area) < 0.02 * area);
    QVERIFY(mask.isPainted({100, 81}) && !mask.isPainted({100, 79}));
    QVERIFY(!mask.isPainted({84, 84}));  // a corner of its square
    mask.stroke({100, 100}, {150, 100}, 40, Ink::Paint);
    QVERIFY(mask.isPainted({125, 81}) && !mask.isPainted({125, 79}) && mask.isPainted({168, 100}));
    // Whatever was changed was said.
    MaskImage other({200, 200}, {});
    const QRect line = other.stroke({20.5, 31.2}, {77.1, 150.9}, 13.7, Ink::Paint);
    for (int y = 0; y < 200; ++y) {
        for (int x = 0; x < 200; ++x) {
            QVERIFY(line.contains(x, y) || level(other, x, y) == 0);
        }
    }
}

void TestMaskImage::theEraserTakesAway() {
    MaskImage mask({100, 100}, {});
    mask.fill();
    mask.stroke({0, 50}, {100, 50}, 20, Ink::Erase);
    QCOMPARE(level(mask, 50, 50), 0);
    QCOMPARE(level(mask, 50, 38), 255);
    QCOMPARE(count(mask), 80 * 100);
}

void TestMaskImage::aStrokeIsUndoneWhole() {
    MaskImage mask({300, 300}, {});
    for (int i = 0; i < 10; ++i) {
        mask.stroke(QPointF(20 * i, 50), QPointF(20 * i + 20, 50), 10, Ink::Paint);
    }
    mask.endStroke();
    const QImage painted = mask.image().copy();
    QVERIFY(mask.canUndo());
    mask.undo();
    QCOMPARE(count(mask, 1), 0);
    QVERIFY(!mask.canUndo() && mask.canRedo());
    mask.redo();
    QCOMPARE(mask.image(), painted);
}

void TestMaskImage::undoEndsTheStroke() {
    MaskImage mask({100, 100}, {});
    mask.stroke({10, 10}, {90, 10}, 10, Ink::Paint);
    mask.undo();
    QCOMPARE(count(mask, 1), 0);
    mask.stroke({10, 10}, {90, 10}, 10, Ink::Paint);
    mask.endStroke();
    mask.undo();
    QCOMPARE(count(mask, 1), 0);
}

void TestMaskImage::theWholeIsFilledClearedAndInverted() {
    MaskImage mask({90, 70}, {});
    mask.stroke({45, 35}, {45, 35}, 20, Ink::Paint);
    mask.endStroke();
    const int dab = count(mask);
    QCOMPARE(mask.invert(), QRect(0, 0, 90, 70));
    QVERIFY(qAbs(count(mask) - (90 * 70 - dab)) <= 4);  // an edge that is just half covered
    mask.fill();
    QCOMPARE(count(mask, 255), 90 * 70);
    mask.clear();
    QCOMPARE(count(mask, 1), 0);
    for (int i = 0; i < 3; ++i) {
        mask.undo();
    }
    QCOMPARE(count(mask), dab);
}

void TestMaskImage::aFloodStopsAtWhatIsPainted() {
    MaskImage mask({200, 200}, {});
    drawRing(mask);
    const int ring = count(mask);
    QVERIFY(!mask.flood({100, 100}).isEmpty());
    const double inside = M_PI * 57.5 * 57.5;
    QVERIFY(qAbs(count(mask) - ring - inside) < 0.02 * inside);
    QCOMPARE(level(mask, 5, 5), 0);
    QVERIFY(mask.flood({100, 100}).isEmpty());  // it is painted now
    mask.undo();
    mask.flood({5, 5});
    QVERIFY(!mask.isPainted({100, 100}));
    QVERIFY(mask.isPainted({199, 199}) && mask.isPainted({0, 199}));
    mask.flood({100, 100});
    QCOMPARE(count(mask, 255), 200 * 200);
}

void TestMaskImage::aFloodLeavesNoSeam() {
    MaskImage mask({200, 200}, {});
    drawRing(mask);
    mask.flood({100, 100});
    for (int y = 45; y < 155; ++y) {
        for (int x = 45; x < 155; ++x) {
            const int dx = x - 100, dy = y - 100;
            QVERIFY(dx * dx + dy * dy > 58 * 58 || level(mask, x, y) == 255);
        }
    }
}

void TestMaskImage::outsideNothingHappens() {
    MaskImage mask({50, 50}, {});
    QVERIFY(mask.stroke({-100, -100}, {-60, -100}, 20, Ink::Paint).isEmpty());
    QVERIFY(mask.flood({-1, 10}).isEmpty() && mask.flood({10, 50}).isEmpty());
    mask.endStroke();
    QVERIFY(!mask.canUndo());
    QVERIFY(mask.stroke({-5, 25}, {-5, 25}, 20, Ink::Paint).left() == 0);
    QVERIFY(mask.isPainted({0, 25}));
}

void TestMaskImage::theOverlayIsSeen_data() {
    QTest::addColumn<QColor>("color");
    for (int hue = 0; hue < 360; hue += 20) {
        QTest::addRow("hue %d", hue) << QColor::fromHsv(hue, 255, 255);
        QTest::addRow("dark hue %d", hue) << QColor::fromHsv(hue, 255, 120);
    }
    for (const int grey : {0, 60, 128, 200, 255}) {
        QTest::addRow("grey %d", grey) << QColor(grey, grey, grey);
    }
}

void TestMaskImage::theOverlayIsSeen() {
    QFETCH(QColor, color);
    QImage picture(64, 64, QImage::Format_RGB32);
    picture.fill(color);
    QImage mask(64, 64, QImage::Format_Grayscale8);
    mask.fill(255);
    const QImage veil = ui::overlay(mask, ui::overlayColor(picture));
    const QColor laid = veil.convertToFormat(QImage::Format_ARGB32).pixelColor(5, 5);
    const auto mixed = [&](int below, int above) {
        return qAbs(below - (above * laid.alpha() + below * (255 - laid.alpha())) / 255);
    };
    const int change = mixed(color.red(), laid.red()) + mixed(color.green(), laid.green()) +
                       mixed(color.blue(), laid.blue());
    QVERIFY2(change > 100, qPrintable(QString::number(change)));
    mask.fill(0);
    QCOMPARE(ui::overlay(mask, Qt::red).convertToFormat(QImage::Format_ARGB32).pixelColor(5, 5).alpha(), 0);
}

QTEST_MAIN(TestMaskImage)
#include "test_mask_image.moc"
