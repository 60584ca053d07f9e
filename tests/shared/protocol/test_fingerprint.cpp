// SPDX-License-Identifier: Apache-2.0
#include <QRegularExpression>
#include <QSet>
#include <QTest>

#include "shared/protocol/fingerprint.h"

using namespace easel::protocol;

class TestFingerprint : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void hexIsTheWholeOfIt() {
        Fingerprint fingerprint{};
        fingerprint.front() = 0x0f;
        fingerprint.back() = 0xa0;
        QCOMPARE(fingerprintInHex(fingerprint), "0f" + std::string(60, '0') + "a0");
    }

    void everyByteHasAWordOfItsOwn() {
        static const QRegularExpression kShort("^[a-z]{3,8}$");
        QSet<QString> words;
        for (int value = 0; value < 256; ++value) {
            Fingerprint fingerprint{};
            fingerprint.fill(static_cast<std::uint8_t>(value));
            const QStringList said = QString::fromStdString(fingerprintInWords(fingerprint)).split(' ');
            QCOMPARE(said, QStringList(8, said.front()));
            QVERIFY2(kShort.match(said.front()).hasMatch(), qPrintable(said.front()));
            words += said.front();
        }
        QCOMPARE(words.size(), 256);
    }

    /// People may have written it down years ago.
    void wordsStayAsTheyAre() {
        QCOMPARE(fingerprintInWords({0, 1, 2, 63, 127, 128, 254, 255, 9, 9}),
                 std::string("acorn almond amber curtain lantern lemon zephyr zipper"));
    }

    void eachOfTheFirstBytesCounts() {
        const std::string before = fingerprintInWords({});
        for (std::size_t i = 0; i < 8; ++i) {
            Fingerprint fingerprint{};
            fingerprint[i] = 1;
            QVERIFY(fingerprintInWords(fingerprint) != before);
        }
    }
};

QTEST_GUILESS_MAIN(TestFingerprint)
#include "test_fingerprint.moc"
