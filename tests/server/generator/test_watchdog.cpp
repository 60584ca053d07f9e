// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <string>

#include <QTest>

#include "server/generator/watchdog.h"

using namespace easel::generator;
using namespace std::chrono_literals;
using Time = Watchdog::Time;

namespace {

const Time kStart{1000s};
const WatchLimits kLimits{.loading = 900s, .silence = 60s, .firstStep = 1800s, .step = 60s, .cancel = 50s};
constexpr std::int64_t kPixels = 512L * 512;

/// Of a worker that is ready and has just been heard.
Watchdog ready(Time now = kStart) {
    Watchdog dog(kLimits, kStart);
    dog.becameReady();
    dog.heard(now);
    return dog;
}

/// Draws a picture with steps of `pace`, from `from` on; answers when it was done.
Time draw(Watchdog& dog, Time from, std::chrono::seconds pace, std::int64_t pixels = kPixels) {
    dog.submitted("earlier", pixels, from);
    for (int step = 0; step < 3; ++step) {
        from += pace;
        dog.heard(from);
        dog.advanced("earlier", true, from);
    }
    dog.finished("earlier", from);
    return from;
}

}  // namespace

class TestWatchdog : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void loadingMayTakeLong() {
        Watchdog dog(kLimits, kStart);
        QVERIFY(dog.next().at == kStart + 900s);
        dog.heard(kStart + 890s);
        QVERIFY(dog.next().at == kStart + 900s);
        QCOMPARE(dog.next().why, std::string("it was not ready after 900 s"));
    }

    void anotherModelMayTakeAsLong() {
        Watchdog dog = ready();
        Time now = draw(dog, kStart, 1s);
        dog.submitted("a", kPixels, now);
        dog.heard(now + 500s);
        QVERIFY(dog.next().at == now + 60s);
        dog.loads(true, now);
        dog.loads(true, now + 30s);  // no news
        dog.heard(now + 890s);
        QVERIFY(dog.next().at == now + 900s);
        now += 800s;
        dog.loads(false, now);
        QVERIFY(dog.next().at == now + 60s);
        QCOMPARE(dog.next().why, std::string("it made no step for 60 s"));
    }

    void silenceIsShort() {
        Watchdog dog(kLimits, kStart);
        dog.heard(kStart + 10s);
        QVERIFY(dog.next().at == kStart + 70s);
        QCOMPARE(dog.next().why, std::string("it gave no sign of life for 60 s"));
        dog.heard(kStart + 20s);
        QVERIFY(dog.next().at == kStart + 80s);
    }

    void heartbeatsAreNoSteps() {
        Watchdog dog = ready();
        dog.submitted("a", kPixels, kStart);
        dog.advanced("a", false, kStart + 1s);
        dog.heard(kStart + 1800s);
        QVERIFY(dog.next().at == kStart + 1801s);
        QCOMPARE(dog.next().why, std::string("it made no step for 1800 s"));
    }

    void aSlowWorkerGetsTenTimesItsPace() {
        Watchdog dog = ready();
        dog.submitted("a", kPixels, kStart);
        dog.advanced("a", true, kStart + 100s);
        dog.heard(kStart + 3000s);
        QVERIFY(dog.next().at == kStart + 1100s);
        dog.advanced("a", true, kStart + 500s);    // Even slower.
        QVERIFY(dog.next().at == kStart + 3060s);  // Only silence is nearer than 4500 s.
    }

    void aQuickWorkerGetsAMinute() {
        Watchdog dog = ready();
        dog.submitted("a", kPixels, kStart);
        dog.advanced("a", true, kStart + 1s);
        dog.heard(kStart + 50s);
        QVERIFY(dog.next().at == kStart + 61s);
    }

    void aFirstStepIsGuessedFromThePictureBefore_data() {
        QTest::addColumn<qint64>("pixels");
        QTest::addColumn<int>("pace");
        QTest::addColumn<int>("limit");
        QTest::newRow("same size, quick") << qint64{kPixels} << 1 << 60;
        QTest::newRow("same size, slow") << qint64{kPixels} << 20 << 200;
        QTest::newRow("smaller") << qint64{kPixels / 4} << 20 << 200;
        QTest::newRow("twice the pixels") << qint64{kPixels * 2} << 20 << 800;
        QTest::newRow("far larger") << qint64{kPixels * 16} << 20 << 1800;
    }

    void aFirstStepIsGuessedFromThePictureBefore() {
        QFETCH(qint64, pixels);
        QFETCH(int, pace);
        QFETCH(int, limit);
        Watchdog dog = ready();
        const Time now = draw(dog, kStart, std::chrono::seconds(pace));
        dog.submitted("a", pixels, now);
        dog.heard(now + 3000s);
        QVERIFY(dog.next().at == now + std::chrono::seconds(limit));
    }

    void anIdleWorkerOwesHeartbeatsAlone() {
        Watchdog dog = ready();
        const Time now = draw(dog, kStart, 1s);
        dog.heard(now + 10'000s);
        QVERIFY(dog.next().at == now + 10'060s);
    }

    void aCancelIsObeyedSoon() {
        Watchdog dog = ready();
        dog.submitted("a", kPixels, kStart);
        dog.cancelled("a", kStart + 5s);
        dog.cancelled("a", kStart + 30s);  // Asking again buys no time.
        QVERIFY(dog.next().at == kStart + 55s);
        QCOMPARE(dog.next().why, std::string("it did not obey a cancel for 50 s"));
        dog.finished("a", kStart + 6s);
        QVERIFY(dog.next().at == kStart + 60s);
    }

    void timeInWhichNobodyListenedDoesNotCount() {
        Watchdog dog = ready();
        dog.submitted("a", kPixels, kStart);
        dog.advanced("a", true, kStart);
        dog.cancelled("a", kStart + 15s);
        dog.excuse(1000s);
        QVERIFY(dog.next().at == kStart + 1060s);
        dog.finished("a", kStart + 1000s);
        QVERIFY(dog.next().at == kStart + 1060s);
        Watchdog loading(kLimits, kStart);
        loading.excuse(1000s);
        QVERIFY(loading.next().at == kStart + 1900s);
    }

    void unknownRequestsChangeNothing() {
        Watchdog dog = ready();
        dog.advanced("a", true, kStart);
        dog.cancelled("a", kStart);
        dog.finished("a", kStart);
        QVERIFY(dog.next().at == kStart + 60s);
    }
};

QTEST_APPLESS_MAIN(TestWatchdog)
#include "test_watchdog.moc"
