// SPDX-License-Identifier: Apache-2.0
#include <QSignalSpy>
#include <QTest>

#include "desktop/remote/wake_watch.h"

using namespace easel;
using namespace std::chrono_literals;

class TestWakeWatch : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void tellsOfSleep() {
        std::chrono::nanoseconds asleep = 5h;
        int looked = 0;
        remote::WakeWatch watch(
            [&] {
                ++looked;
                return asleep;
            },
            1ms);
        const QSignalSpy woke(&watch, &remote::WakeWatch::woke);
        QTRY_VERIFY(looked > 3);
        QCOMPARE(woke.size(), 0);
        asleep += 10ms;  // The clocks are read one after the other.
        looked = 0;
        QTRY_VERIFY(looked > 3);
        QCOMPARE(woke.size(), 0);
        asleep += 30s;
        looked = 0;
        QTRY_VERIFY(looked > 3);
        QCOMPARE(woke.size(), 1);
        asleep += 8h;
        QTRY_COMPARE(woke.size(), 2);
    }

    void readsTheKernelsClocks() {
        remote::WakeWatch watch;
        const QSignalSpy woke(&watch, &remote::WakeWatch::woke);
        QTest::qWait(2'500);
        QCOMPARE(woke.size(), 0);
    }
};

QTEST_GUILESS_MAIN(TestWakeWatch)
#include "test_wake_watch.moc"
