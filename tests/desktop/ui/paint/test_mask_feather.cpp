// SPDX-License-Identifier: Apache-2.0
#include <QPainter>
#include <QTest>

#include "desktop/ui/paint/mask_feather.h"

using namespace easel;

namespace {

constexpr QSize kSize(160, 120);

/// Black, with a white half from column 80 on.
QImage half() {
    QImage mask(kSize, QImage::Format_Grayscale8);
    mask.fill(0);
    QPainter(&mask).fillRect(80, 0, 80, 120, Qt::white);
    return mask;
}

int level(const QImage& mask, int x, int y) {
    return mask.constScanLine(y)[x];
}

}  // namespace

class TestMaskFeather : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void anEdgeIsSoftAsFarAsTheRadius();
    void thePicturesEndsStayAsTheyAre();
    void aPartIsLikeTheWhole();
};

void TestMaskFeather::anEdgeIsSoftAsFarAsTheRadius() {
    const QImage mask = half();
    QCOMPARE(ui::feathered(mask, 0, mask.rect()), mask);
    for (const int radius : {1, 2, 3, 10, 40}) {
        const QImage soft = ui::feathered(mask, radius, mask.rect());
        QCOMPARE(soft.format(), QImage::Format_Grayscale8);
        QCOMPARE(level(soft, 80 - radius - 1, 60), 0);
        QCOMPARE(level(soft, 80 + radius, 60), 255);
        if (radius > 2) {  // The outermost pixels of a bell are faint.
            QVERIFY(level(soft, 80 - radius + radius / 3, 60) > 0);
            QVERIFY(level(soft, 80 + radius - 1 - radius / 3, 60) < 255);
        }
        for (int x = 1; x < mask.width(); ++x) {
            QVERIFY(level(soft, x, 60) >= level(soft, x - 1, 60));
        }
        // Half way up between the two columns where the edge was.
        QVERIFY(qAbs(level(soft, 79, 60) + level(soft, 80, 60) - 255) <= 1);
    }
}

void TestMaskFeather::thePicturesEndsStayAsTheyAre() {
    const QImage soft = ui::feathered(half(), 20, half().rect());
    for (const int y : {0, 1, 60, 118, 119}) {
        QCOMPARE(level(soft, 159, y), 255);
        QCOMPARE(level(soft, 0, y), 0);
        QCOMPARE(level(soft, 75, y), level(soft, 75, 60));
    }
}

void TestMaskFeather::aPartIsLikeTheWhole() {
    QImage mask = half();
    QPainter painter(&mask);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setBrush(Qt::white);
    painter.drawEllipse(QPointF(40, 50), 17, 23);
    painter.end();
    const QImage whole = ui::feathered(mask, 9, mask.rect());
    for (const QRect& part : {QRect(0, 0, 30, 30), QRect(33, 41, 77, 12), QRect(150, 100, 10, 20)}) {
        QCOMPARE(ui::feathered(mask, 9, part), whole.copy(part));
    }
}

QTEST_MAIN(TestMaskFeather)
#include "test_mask_feather.moc"
