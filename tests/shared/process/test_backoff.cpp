// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <algorithm>
#include <chrono>
#include <vector>

#include "shared/process/backoff.h"

using namespace std::chrono_literals;
using easel::process::Backoff;
using Pauses = std::vector<Backoff::Pause>;

namespace {

Pauses take(Backoff& backoff, int count) {
    Pauses pauses;
    for (int i = 0; i < count; ++i) {
        pauses.push_back(backoff.next());
    }
    return pauses;
}

}  // namespace

class TestBackoff : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void eachPauseIsTwiceTheLastUpToTheBound() {
        Backoff backoff(1s, 15s);
        QVERIFY((take(backoff, 6) == Pauses{1s, 2s, 4s, 8s, 15s, 15s}));
        Backoff meetsIt(500ms, 2s);
        QVERIFY((take(meetsIt, 4) == Pauses{500ms, 1s, 2s, 2s}));
    }

    void itBeginsAgainOnceSomethingWorked() {
        Backoff backoff(1s, 15s);
        take(backoff, 9);
        backoff.reset();
        QVERIFY((take(backoff, 3) == Pauses{1s, 2s, 4s}));
    }

    void noPauseIsLongerThanTheBound() {
        Backoff backoff(1h, 1min);
        QVERIFY((take(backoff, 2) == Pauses{1min, 1min}));
        backoff.reset();
        QCOMPARE(backoff.next(), Backoff::Pause(1min));
    }

    void withoutABoundItGrowsAsFarAsTimeGoes() {
        Backoff backoff(2s);
        QVERIFY((take(backoff, 4) == Pauses{2s, 4s, 8s, 16s}));
        Pauses rest = take(backoff, 100);
        QCOMPARE(rest.back(), Backoff::Pause::max());
        QVERIFY(std::is_sorted(rest.begin(), rest.end()));
    }

    void noPauseAtAllStaysNone() {
        Backoff backoff(0ms, 15s);
        QVERIFY((take(backoff, 3) == Pauses{0ms, 0ms, 0ms}));
    }

    void itIsAValue() {
        Backoff one(1s, 15s);
        one.next();
        Backoff other = one;
        other.next();
        QCOMPARE(one.next(), Backoff::Pause(2s));
        QCOMPARE(other.next(), Backoff::Pause(4s));
    }
};

QTEST_APPLESS_MAIN(TestBackoff)
#include "test_backoff.moc"
