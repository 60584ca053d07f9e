// SPDX-License-Identifier: Apache-2.0
#include <QPainter>
#include <QRandomGenerator>
#include <QTest>

#include "desktop/ui/paint/mask_history.h"

using namespace easel;

namespace {

QImage black(const QSize& size) {
    QImage mask(size, QImage::Format_Grayscale8);
    mask.fill(0);
    return mask;
}

/// What no packing makes smaller.
void makeNoise(QImage& mask, quint32 seed) {
    QRandomGenerator random(seed);
    random.fillRange(reinterpret_cast<quint32*>(mask.bits()), mask.sizeInBytes() / 4);
}

/// One step: `level` over `rect`.
void paint(ui::MaskHistory& history, QImage& mask, const QRect& rect, uchar level) {
    history.keep(mask, rect);
    for (int y = rect.top(); y <= rect.bottom(); ++y) {
        std::fill_n(mask.scanLine(y) + rect.left(), rect.width(), level);
    }
    history.close(mask);
}

}  // namespace

class TestMaskHistory : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void stepsAreUndoneAndDoneAgain();
    void aNewStepEndsWhatWasUndone();
    void whatChangedNothingIsNoStep();
    void aStepHoldsWhatItChangedAlone();
    void fiftyStepsStayHoweverLarge();
    void manySmallStepsStay();
};

void TestMaskHistory::stepsAreUndoneAndDoneAgain() {
    QImage mask = black({200, 150});  // its last tiles are cut off
    makeNoise(mask, 1);
    ui::MaskHistory history;
    QList<QImage> seen{mask.copy()};
    for (int i = 0; i < 8; ++i) {
        paint(history, mask, QRect(i * 20, i * 15, 60, 45), static_cast<uchar>(30 * i));
        seen.append(mask.copy());
    }
    for (int round = 0; round < 2; ++round) {
        for (qsizetype i = seen.size() - 2; i >= 0; --i) {
            QVERIFY(history.canUndo());
            QVERIFY(!history.undo(mask).isEmpty());
            QCOMPARE(mask, seen[i]);
        }
        QVERIFY(!history.canUndo() && history.undo(mask).isEmpty());
        for (qsizetype i = 1; i < seen.size(); ++i) {
            QVERIFY(history.canRedo());
            QVERIFY(!history.redo(mask).isEmpty());
            QCOMPARE(mask, seen[i]);
        }
        QVERIFY(!history.canRedo() && history.redo(mask).isEmpty());
    }
}

void TestMaskHistory::aNewStepEndsWhatWasUndone() {
    QImage mask = black({100, 100});
    ui::MaskHistory history;
    paint(history, mask, QRect(0, 0, 10, 10), 255);
    paint(history, mask, QRect(20, 0, 10, 10), 255);
    history.undo(mask);
    paint(history, mask, QRect(40, 0, 10, 10), 255);
    QVERIFY(!history.canRedo());
    QCOMPARE(history.steps(), std::size_t{2});
    history.undo(mask);
    history.undo(mask);
    QCOMPARE(mask, black({100, 100}));
}

void TestMaskHistory::whatChangedNothingIsNoStep() {
    QImage mask = black({100, 100});
    ui::MaskHistory history;
    paint(history, mask, QRect(0, 0, 50, 50), 9);
    history.undo(mask);
    history.close(mask);
    paint(history, mask, QRect(0, 0, 50, 50), 0);
    history.keep(mask, QRect(-50, -50, 10, 10));
    history.close(mask);
    QVERIFY(!history.canUndo());
    QVERIFY(history.canRedo());
}

void TestMaskHistory::aStepHoldsWhatItChangedAlone() {
    QImage mask = black({2048, 2048});
    makeNoise(mask, 2);
    ui::MaskHistory history;
    history.keep(mask, mask.rect());
    mask.scanLine(1000)[1000] ^= 0xff;
    history.close(mask);
    QVERIFY(history.bytes() < 2 * 64 * 64);
    QCOMPARE(history.undo(mask), QRect(960, 960, 64, 64));
}

void TestMaskHistory::fiftyStepsStayHoweverLarge() {
    QImage mask = black({640, 640});
    ui::MaskHistory history;
    for (quint32 i = 0; i < 60; ++i) {
        history.keep(mask, mask.rect());
        makeNoise(mask, i);
        history.close(mask);
    }
    // Sixty of them would take 23 MiB; the bound is 16.
    QCOMPARE(history.steps(), std::size_t{50});
    for (int i = 0; i < 50; ++i) {
        history.undo(mask);
    }
    QImage tenth = black(mask.size());
    makeNoise(tenth, 9);
    QCOMPARE(mask, tenth);
    QVERIFY(!history.canUndo());
}

void TestMaskHistory::manySmallStepsStay() {
    QImage mask = black({1024, 1024});
    ui::MaskHistory history;
    for (int i = 0; i < 300; ++i) {
        history.keep(mask, mask.rect());
        mask.invertPixels();
        history.close(mask);
    }
    QCOMPARE(history.steps(), std::size_t{300});
    QVERIFY(history.bytes() < 8 << 20);
}

QTEST_MAIN(TestMaskHistory)
#include "test_mask_history.moc"
