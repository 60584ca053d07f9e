// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <random>

#include "shared/text/base64.h"

using easel::text::fromBase64;
using easel::text::toBase64;

class TestBase64 : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void readsAndWritesAsOthersDo() {
        std::mt19937 random(1);
        for (int size = 0; size < 100; ++size) {
            QByteArray bytes;
            for (int i = 0; i < size; ++i) {
                bytes += static_cast<char>(random());
            }
            const std::string expected = bytes.toStdString();
            QCOMPARE(fromBase64(bytes.toBase64().toStdString()), std::optional(expected));
            QCOMPARE(toBase64(expected), bytes.toBase64().toStdString());
            const auto bare = bytes.toBase64(QByteArray::OmitTrailingEquals);
            QCOMPARE(fromBase64(bare.toStdString()), std::optional(expected));
        }
    }

    void linesAndBlanksMeanNothing() {
        QCOMPARE(fromBase64("Zm9v\r\nYmFy\n"), std::optional<std::string>("foobar"));
        QCOMPARE(fromBase64(" Zm 9v\tYg =\n="), std::optional<std::string>("foob"));
    }

    void whatIsOfAnotherFormIsNothing() {
        for (const char* text : {"Z", "Zm9vY", "Zm9v=", "Zg=", "Zg===", "Zh==", "Zm9=v", "Zm9_", "Zm9-",
                                 "Zm9v!", "f*x?", "=", "\xff\xff\xff\xff"}) {
            QVERIFY2(!fromBase64(text), text);
        }
    }
};

QTEST_APPLESS_MAIN(TestBase64)
#include "test_base64.moc"
