// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "desktop/studio/status_line.h"
#include "desktop/studio/time_left.h"

using namespace easel;
using gallery::PendingTile;
using State = PendingTile::State;

class TestStatusLine : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void countsWhatIsUnderWay_data();
    void countsWhatIsUnderWay();
    void saysHowLongItTakes_data();
    void saysHowLongItTakes();
};

namespace {

PendingTile tile(State state, bool isAway = false) {
    PendingTile tile;
    tile.state = state;
    tile.isAway = isAway;
    return tile;
}

PendingTile running(int step, int steps, std::optional<double> seconds, bool again = false) {
    PendingTile made = tile(State::Running);
    made.step = step;
    made.steps = steps;
    made.etaSeconds = seconds;
    made.startedAgain = again;
    return made;
}

}  // namespace

void TestStatusLine::countsWhatIsUnderWay_data() {
    QTest::addColumn<std::vector<PendingTile>>("tiles");
    QTest::addColumn<bool>("paused");
    QTest::addColumn<QString>("line");
    using Tiles = std::vector<PendingTile>;
    QTest::newRow("nothing") << Tiles{} << false << "";
    QTest::newRow("nothing, and a paused queue") << Tiles{} << true << "";
    QTest::newRow("one of each") << Tiles{tile(State::Unsent),  tile(State::Waiting),  tile(State::Held),
                                          tile(State::Running), tile(State::Stopping), tile(State::Failed)}
                                 << false << "1 not sent yet · 1 waiting · 1 on hold · 1 running · 1 failed";
    QTest::newRow("waiting for a paused queue")
        << Tiles{tile(State::Waiting), tile(State::Waiting), tile(State::Held)} << true
        << "2 waiting, the queue is paused · 1 on hold";
    QTest::newRow("running while the queue is paused") << Tiles{tile(State::Running)} << true << "1 running";
    QTest::newRow("the first that runs")
        << Tiles{running(12, 30, 8.2), running(1, 2, 100)} << false << "2 running: step 12 of 30, 9 s left";
    QTest::newRow("without an estimate") << Tiles{running(1, 30, {})} << false << "1 running: step 1 of 30";
    QTest::newRow("started again") << Tiles{running(1, 30, {}, true)} << false
                                   << "1 running, started again: step 1 of 30";
    QTest::newRow("away") << Tiles{tile(State::Waiting, true), tile(State::Held, true),
                                   tile(State::Running, true), tile(State::Fetching, true),
                                   tile(State::Unsent, true)}
                          << false << "1 not sent yet · 4 out of reach";
}

void TestStatusLine::countsWhatIsUnderWay() {
    QFETCH(std::vector<PendingTile>, tiles);
    QFETCH(bool, paused);
    QTEST(studio::statusLine(tiles, paused), "line");
}

void TestStatusLine::saysHowLongItTakes_data() {
    QTest::addColumn<double>("seconds");
    QTest::addColumn<QString>("words");
    QTest::newRow("nothing") << 0.0 << "0 s";
    QTest::newRow("less than nothing") << -3.0 << "0 s";
    QTest::newRow("a part of a second") << 0.2 << "1 s";
    QTest::newRow("seconds") << 59.0 << "59 s";
    QTest::newRow("a minute") << 59.5 << "1 min";
    QTest::newRow("minutes") << 61.0 << "2 min";
    QTest::newRow("hours") << 3900.0 << "1 h 5 min";
    QTest::newRow("for ever") << 1e300 << "277 h 46 min";
}

void TestStatusLine::saysHowLongItTakes() {
    QFETCH(double, seconds);
    QTEST(studio::timeLeft(seconds), "words");
}

QTEST_GUILESS_MAIN(TestStatusLine)
#include "test_status_line.moc"
