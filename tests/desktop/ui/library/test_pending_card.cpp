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
    void showsWhatThePictureLooksLike();
    void aFailureTakesTheLookAway();
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

namespace {

QImage ofColor(const QColor& color) {
    QImage image(64, 64, QImage::Format_RGB32);
    image.fill(color);
    return image;
}

QColor middleOf(ui::PendingCard& card) {
    return card.grab().toImage().pixelColor(card.width() / 2, card.width() / 2);
}

}  // namespace

void TestPendingCard::showsWhatThePictureLooksLike() {
    ui::Theme theme(*qApp);
    gallery::PendingTile tile;
    tile.prompt = "a cat";
    tile.state = gallery::PendingTile::State::Running;
    tile.note = "Step 12 of 30, 6 s left";
    tile.step = 15;
    tile.steps = 30;
    tile.size = QSize(512, 512);
    ui::PendingCard card(tile);
    card.resize(200, 260);
    const QImage bare = card.grab().toImage();
    tile.preview = ofColor(Qt::red);
    card.setTile(tile);
    QTRY_COMPARE(middleOf(card), QColor(Qt::red));
    tile.preview = ofColor(Qt::blue);
    card.setTile(tile);
    QTRY_COMPARE(middleOf(card), QColor(Qt::blue));
    // How far it is stays to be read, on a ground of the window's own colour.
    const QImage image = card.grab().toImage();
    const QRgb accent = card.palette().color(QPalette::Link).rgb();
    int accents = 0, blues = 0;
    for (int x = 0; x < image.width(); ++x) {
        for (int y = 0; y < card.width(); ++y) {
            accents += image.pixel(x, y) == accent ? 1 : 0;
            blues += image.pixel(x, y) == qRgb(0, 0, 255) ? 1 : 0;
        }
    }
    QVERIFY2(accents > 100, qPrintable(QString::number(accents)));
    const int all = card.width() * card.width();
    QVERIFY2(blues > all / 2 && blues < all * 9 / 10, qPrintable(QString::number(blues)));
    tile.preview = {};
    card.setTile(tile);
    QTRY_COMPARE(card.grab().toImage(), bare);
}

void TestPendingCard::aFailureTakesTheLookAway() {
    ui::Theme theme(*qApp);
    gallery::PendingTile tile;
    tile.state = gallery::PendingTile::State::Failed;
    tile.error = protocol::Problem{500, "generation_failed", "Failed", "The server gave no reason.", {}};
    ui::PendingCard card(tile);
    card.resize(200, 260);
    const QImage bare = card.grab().toImage();
    tile.preview = ofColor(Qt::red);
    card.setTile(tile);
    QTest::qWait(300);
    QCOMPARE(card.grab().toImage(), bare);
}

QTEST_MAIN(TestPendingCard)
#include "test_pending_card.moc"
