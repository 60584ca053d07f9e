// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "desktop/ui/library/pending_card.h"
#include "desktop/ui/parts/theme.h"

using namespace easel;

class TestPendingCard : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aNarrowTileHasRoomForWords();
};

void TestPendingCard::aNarrowTileHasRoomForWords() {
    ui::Theme theme(*qApp);
    gallery::PendingTile tile;
    tile.state = gallery::PendingTile::State::Running;
    tile.note = "Step 12 of 30, 6 s left";
    tile.size = QSize(128, 768);
    ui::PendingCard narrow(tile);
    tile.size = QSize(512, 512);
    ui::PendingCard square(tile);
    for (ui::PendingCard* card : {&narrow, &square}) {
        card->resize(200, 260);
    }
    // The shape of the picture would be 31 pixels wide: the words get the square.
    QCOMPARE(narrow.grab().toImage(), square.grab().toImage());
}

QTEST_MAIN(TestPendingCard)
#include "test_pending_card.moc"
