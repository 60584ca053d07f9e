// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "shared/text/sizes.h"

using namespace easel;

class TestSizes : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void bytesAreSpelledInTheUnitThatFits() {
        QCOMPARE(text::spelledBytes(0), std::string("0.0 kB"));
        QCOMPARE(text::spelledBytes(999'949), std::string("999.9 kB"));
        QCOMPARE(text::spelledBytes(1'000'000), std::string("1.0 MB"));
        QCOMPARE(text::spelledBytes(530'604'548), std::string("530.6 MB"));
        QCOMPARE(text::spelledBytes(1'000'000'000), std::string("1.00 GB"));
        QCOMPARE(text::spelledBytes(std::int64_t{15} * 1'000'000'000'000), std::string("15000.00 GB"));
    }
};

QTEST_GUILESS_MAIN(TestSizes)
#include "test_sizes.moc"
