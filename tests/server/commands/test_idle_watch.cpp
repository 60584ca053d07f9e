// SPDX-License-Identifier: Apache-2.0
#include <atomic>

#include <QTest>

#include "server/commands/idle_watch.h"

using namespace std::chrono_literals;
using easel::commands::IdleWatch;

class TestIdleWatch : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void callsOnceWhenNobodyCame() {
        std::atomic<int> calls = 0;
        const IdleWatch watch(
            20ms, 1ms, [] { return false; }, [&] { ++calls; });
        QTRY_COMPARE_WITH_TIMEOUT(calls.load(), 1, 30'000);
        QTest::qWait(60);
        QCOMPARE(calls.load(), 1);
    }

    void whatIsBusyIsUsed() {
        std::atomic<bool> isBusy = true;
        std::atomic<int> asked = 0;
        std::atomic<bool> isIdle = false;
        const IdleWatch watch(
            5ms, 1ms,
            [&] {
                ++asked;
                return isBusy.load();
            },
            [&] { isIdle = true; });
        QTRY_VERIFY_WITH_TIMEOUT(asked > 50, 30'000);
        QVERIFY(!isIdle);
        isBusy = false;
        QTRY_VERIFY_WITH_TIMEOUT(isIdle, 30'000);
    }

    /// However long it was before.
    void whoComesBeginsItAnew() {
        std::atomic<int> asked = 0;
        std::atomic<bool> isIdle = false;
        IdleWatch* watched = nullptr;
        IdleWatch watch(
            1h, 1ms,
            [&] {
                ++asked;
                return false;
            },
            [&] { isIdle = true; });
        watched = &watch;
        watched->used();
        QTRY_VERIFY_WITH_TIMEOUT(asked > 5, 30'000);
        QVERIFY(!isIdle);
    }

    void endsAtOnce() {
        const IdleWatch watch(
            1h, 1h, [] { return false; }, [] {});
    }
};

QTEST_GUILESS_MAIN(TestIdleWatch)
#include "test_idle_watch.moc"
