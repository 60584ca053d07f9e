// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "server/commands/messages.h"

using namespace easel;

class TestMessages : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void whatATerminalObeysIsEscaped_data() {
        QTest::addColumn<QByteArray>("text");
        QTest::addColumn<QByteArray>("shown");
        const auto row = [](const char* name, const QByteArray& text, const QByteArray& shown) {
            QTest::newRow(name) << text << shown;
        };
        const auto same = [&](const char* name, const QByteArray& text) { row(name, text, text); };
        same("nothing", "");
        same("words", "GET /a b \"c\" ~");
        same("other scripts", "Füchse 狐 лиса \xf0\x9f\xa6\x8a e\xcc\x81");
        row("escape sequence", "\x1b[31mred", "\\x1b[31mred");
        row("NUL", QByteArray("a\0b", 3), "a\\x00b");
        row("line breaks", "a\r\nb\tc", "a\\x0d\\x0ab\\x09c");
        row("DEL", "\x7f", "\\x7f");
        row("8-bit escape sequence",
            "\xc2\x9b"
            "31m",
            "\\u009b31m");
        row("NEL", "\xc2\x85", "\\u0085");
        row("line separator", "\xe2\x80\xa8", "\\u2028");
        row("paragraph separator", "\xe2\x80\xa9", "\\u2029");
        row("marks of direction", "\xe2\x80\x8e\xe2\x80\x8f", "\\u200e\\u200f");
        row("embedding and override", "\xe2\x80\xaa\xe2\x80\xae", "\\u202a\\u202e");
        row("isolates", "\xe2\x81\xa6\xe2\x81\xa9", "\\u2066\\u2069");
        row("Arabic letter mark", "\xd8\x9c", "\\u061c");
        row("tag", "\xf3\xa0\x80\x81", "\\U000e0001");
        row("a stray byte", "caf\xe9!", "caf\\xe9!");
        row("a C1 control as one byte",
            "\x9b"
            "31m",
            "\\x9b31m");
        row("cut short", "a\xe2\x80", "a\\xe2\\x80");
        row("overlong", "\xc0\x9b", "\\xc0\\x9b");
        row("half of a pair", "\xed\xa0\x80", "\\xed\\xa0\\x80");
        row("beyond Unicode", "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");
    }

    void whatATerminalObeysIsEscaped() {
        QFETCH(QByteArray, text);
        QFETCH(QByteArray, shown);
        QCOMPARE(QByteArray::fromStdString(commands::printable(text.toStdString())), shown);
    }
};

QTEST_APPLESS_MAIN(TestMessages)
#include "test_messages.moc"
