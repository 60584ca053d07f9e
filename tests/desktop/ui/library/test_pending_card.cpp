// SPDX-License-Identifier: Apache-2.0
#include <QSignalSpy>
#include <QTest>
#include <QToolButton>

#include "desktop/ui/library/pending_card.h"
#include "desktop/ui/parts/theme.h"

using namespace easel;

class TestPendingCard : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aNarrowTileHasRoomForWords();
    void aHeldTileSaysWhy();
    void aMissingModelCanBeAskedFor();
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

void TestPendingCard::aHeldTileSaysWhy() {
    ui::Theme theme(*qApp);
    gallery::PendingTile tile;
    tile.prompt = "a cat";
    tile.state = gallery::PendingTile::State::Held;
    tile.note = "On hold: The disk is full. Delete jobs.";
    tile.size = QSize(512, 384);
    ui::PendingCard wide(tile);
    QCOMPARE(wide.toolTip(), tile.note);
    tile.size = QSize(512, 512);
    ui::PendingCard square(tile);
    for (ui::PendingCard* card : {&wide, &square}) {
        card->resize(200, 260);
    }
    // A reason gets the square, too.
    QCOMPARE(wide.grab().toImage(), square.grab().toImage());
    tile.state = gallery::PendingTile::State::Waiting;
    wide.setTile(tile);
    QCOMPARE(wide.toolTip(), tile.prompt);
}

void TestPendingCard::aMissingModelCanBeAskedFor() {
    ui::Theme theme(*qApp);
    gallery::PendingTile tile;
    tile.id = "t";
    tile.state = gallery::PendingTile::State::Held;
    ui::PendingCard card(tile);
    card.resize(200, 260);
    card.show();
    auto* button = card.findChild<QToolButton*>("fetchModelButton");
    QVERIFY(!button->isVisible());
    tile.canFetchModel = true;
    card.setTile(tile);
    QVERIFY(button->isVisible() && card.rect().contains(button->geometry()));
    QSignalSpy wanted(&card, &ui::PendingCard::fetchModelRequested);
    button->click();
    QCOMPARE(wanted.takeFirst().first().toString(), QString("t"));
}

QTEST_MAIN(TestPendingCard)
#include "test_pending_card.moc"
