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

easel::protocol::GenerationSettings ofSize(int width, int height) {
    easel::protocol::GenerationSettings settings;
    settings.width = width;
    settings.height = height;
    settings.steps = 10;
    settings.sampler = "ddim";
    return settings;
}
const auto kUsual = ofSize(512, 512);

/// After so many steps.
easel::protocol::Progress at(int step, easel::protocol::Stage stage = easel::protocol::Stage::Denoising) {
    return {stage, step, 10, {}};
}

/// Of a worker that is ready and has just been heard.
Watchdog ready(Time now = kStart) {
    Watchdog dog(kLimits, kStart);
    dog.becameReady();
    dog.heard(now);
    return dog;
}

/// Draws a picture with steps of `pace`, from `from` on; answers when it was done.
Time draw(Watchdog& dog, Time from, std::chrono::seconds pace) {
    dog.submitted("earlier", kUsual, from);
    for (int step = 1; step <= 3; ++step) {
        from += pace;
        dog.heard(from);
        dog.advanced("earlier", at(step), from);
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
        dog.submitted("a", kUsual, now);
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
        dog.submitted("a", kUsual, kStart);
        dog.advanced("a", at(0), kStart + 1s);
        dog.heard(kStart + 1800s);
        QVERIFY(dog.next().at == kStart + 1801s);
        QCOMPARE(dog.next().why, std::string("it made no step for 1800 s"));
    }

    void aSlowWorkerGetsTenTimesItsPace() {
        Watchdog dog = ready();
        dog.submitted("a", kUsual, kStart);
        dog.advanced("a", at(1), kStart + 100s);
        dog.heard(kStart + 3000s);
        QVERIFY(dog.next().at == kStart + 1100s);
        dog.advanced("a", at(1), kStart + 500s);   // Even slower.
        QVERIFY(dog.next().at == kStart + 3060s);  // Only silence is nearer than 4500 s.
    }

    void aQuickWorkerGetsAMinute() {
        Watchdog dog = ready();
        dog.submitted("a", kUsual, kStart);
        dog.advanced("a", at(1), kStart + 1s);
        dog.heard(kStart + 50s);
        QVERIFY(dog.next().at == kStart + 61s);
    }

    void aFirstStepIsGuessedFromThePictureBefore_data() {
        QTest::addColumn<int>("width");
        QTest::addColumn<int>("height");
        QTest::addColumn<int>("pace");
        QTest::addColumn<int>("limit");
        QTest::newRow("same size, quick") << 512 << 512 << 1 << 60;
        QTest::newRow("same size, slow") << 512 << 512 << 20 << 200;
        QTest::newRow("smaller") << 256 << 256 << 20 << 200;
        QTest::newRow("twice the pixels") << 512 << 1024 << 20 << 800;
        QTest::newRow("far larger") << 2048 << 2048 << 20 << 1800;
    }

    void aFirstStepIsGuessedFromThePictureBefore() {
        QFETCH(int, width);
        QFETCH(int, height);
        QFETCH(int, pace);
        QFETCH(int, limit);
        Watchdog dog = ready();
        const Time now = draw(dog, kStart, std::chrono::seconds(pace));
        dog.submitted("a", ofSize(width, height), now);
        dog.heard(now + 3000s);
        QVERIFY(dog.next().at == now + std::chrono::seconds(limit));
    }

    void aLargerPassMayTakeAsLongAsItsSizeAsksFor() {
        auto hires = kUsual;
        hires.hiresScale = 2;
        Watchdog dog = ready();
        dog.submitted("a", hires, kStart);
        dog.advanced("a", at(9), kStart + 2s);
        // 16 times as long, and a decoding and an encoding before.
        dog.heard(kStart + 2000s);
        QVERIFY(dog.next().at == kStart + 2s + 16 * 4 * 20s);
        dog.advanced("a", at(10), kStart + 3s);
        QVERIFY(dog.next().at == kStart + 3s + 16 * 4 * 20s);
        // Its own pace is known from its first step on.
        dog.advanced("a", at(11), kStart + 43s);
        QVERIFY(dog.next().at == kStart + 443s);
        // And never longer than a first step of which nothing is known, but for its own pace.
        hires.hiresScale = 4;
        Watchdog other = ready();
        other.submitted("a", hires, kStart);
        other.advanced("a", at(1), kStart + 30s);
        other.heard(kStart + 2000s);
        QVERIFY(other.next().at == kStart + 1830s);
    }

    void aPictureMayTakeLongToDecode() {
        Watchdog dog = ready();
        dog.submitted("a", kUsual, kStart);
        dog.advanced("a", at(10), kStart + 10s);
        dog.advanced("a", at(10, easel::protocol::Stage::Decoding), kStart + 10s);
        dog.heard(kStart + 1000s);
        QVERIFY(dog.next().at == kStart + 410s);
        dog.delivered("a", kStart + 50s);
        dog.advanced("a", at(10), kStart + 51s);  // the next one
        QVERIFY(dog.next().at == kStart + 451s);
    }

    void aFirstStepIsGuessedByWhatAStepAsksFor() {
        Watchdog dog = ready();
        const Time now = draw(dog, kStart, 20s);
        auto controlled = kUsual;
        controlled.controls.resize(2);
        dog.submitted("a", controlled, now);
        dog.heard(now + 3000s);
        QVERIFY(dog.next().at == now + 400s);
    }

    void noCancelIsObeyedWithinAStep() {
        Watchdog dog = ready();
        dog.submitted("a", kUsual, kStart);
        dog.advanced("a", at(1), kStart + 100s);
        dog.cancelled("a", kStart + 101s);
        dog.heard(kStart + 3000s);
        QVERIFY(dog.next().at == kStart + 1100s);
        dog.advanced("a", at(2), kStart + 1050s);
        QVERIFY(dog.next().at == kStart + 3060s);
    }

    void anIdleWorkerOwesHeartbeatsAlone() {
        Watchdog dog = ready();
        const Time now = draw(dog, kStart, 1s);
        dog.heard(now + 10'000s);
        QVERIFY(dog.next().at == now + 10'060s);
    }

    void aCancelIsObeyedSoon() {
        Watchdog dog = ready();
        dog.submitted("a", kUsual, kStart);
        dog.cancelled("a", kStart + 5s);
        dog.cancelled("a", kStart + 30s);  // Asking again buys no time.
        QVERIFY(dog.next().at == kStart + 55s);
        QCOMPARE(dog.next().why, std::string("it did not obey a cancel for 50 s"));
        dog.finished("a", kStart + 6s);
        QVERIFY(dog.next().at == kStart + 60s);
    }

    void timeInWhichNobodyListenedDoesNotCount() {
        Watchdog dog = ready();
        dog.submitted("a", kUsual, kStart);
        dog.advanced("a", at(1), kStart);
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
        dog.advanced("a", at(1), kStart);
        dog.cancelled("a", kStart);
        dog.finished("a", kStart);
        QVERIFY(dog.next().at == kStart + 60s);
    }
};

QTEST_APPLESS_MAIN(TestWatchdog)
#include "test_watchdog.moc"
