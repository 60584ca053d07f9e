// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "shared/protocol/eta.h"

using easel::protocol::Eta;
using namespace std::chrono_literals;

class TestEta : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void timeIsTakenFromTheEndOfTheFirstStep() {
        const Eta::Clock::time_point start{100s};
        Eta eta;
        QVERIFY(!eta.after(0, 10, start));
        QVERIFY(!eta.after(1, 10, start + 30s));  // it loaded kernels
        QVERIFY(!eta.after(1, 10, start + 31s));
        QCOMPARE(eta.after(2, 10, start + 32s).value(), 16.0);
        QCOMPARE(eta.after(6, 10, start + 40s).value(), 8.0);
        QCOMPARE(eta.after(10, 10, start + 48s).value(), 0.0);
    }

    /// Several pictures make a step each before the first of them is told.
    void theFirstReportMayBeLater() {
        const Eta::Clock::time_point start{100s};
        Eta eta;
        QVERIFY(!eta.after(4, 40, start));
        QCOMPARE(eta.after(8, 40, start + 2s).value(), 16.0);
    }
};

QTEST_GUILESS_MAIN(TestEta)
#include "test_eta.moc"
