// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <string>

#include "shared/text/utf8.h"

using easel::text::append;
using easel::text::firstOf;
using easel::text::isUtf8;
using easel::text::toValidUtf8;

namespace {

const std::string kBad = "\xEF\xBF\xBD";  // U+FFFD

std::string times(int count, const std::string& text) {
    std::string repeated;
    for (int i = 0; i < count; ++i) {
        repeated += text;
    }
    return repeated;
}

}  // namespace

class TestUtf8 : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void validTextStays_data() {
        QTest::addColumn<std::string>("text");
        QTest::newRow("nothing") << std::string();
        QTest::newRow("ASCII") << std::string("a cat\n");
        QTest::newRow("NUL") << std::string("a\0b", 3);
        QTest::newRow("least of two bytes") << std::string("\xC2\x80");
        QTest::newRow("most of two bytes") << std::string("\xDF\xBF");
        QTest::newRow("least of three bytes") << std::string("\xE0\xA0\x80");
        QTest::newRow("before the surrogates") << std::string("\xED\x9F\xBF");
        QTest::newRow("after the surrogates") << std::string("\xEE\x80\x80");
        QTest::newRow("no character, but a number") << std::string("\xEF\xBF\xBF");
        QTest::newRow("least of four bytes") << std::string("\xF0\x90\x80\x80");
        QTest::newRow("the last of all") << std::string("\xF4\x8F\xBF\xBF");
        QTest::newRow("a replacement") << kBad;
        QTest::newRow("long") << times(100'000, "a\xC3\xA4\xE7\x8C\xAB\xF0\x9F\x90\xB1");
    }

    void validTextStays() {
        QFETCH(const std::string, text);
        QVERIFY(isUtf8(text));
        QCOMPARE(toValidUtf8(text), text);
    }

    void eachBadByteIsReplaced_data() {
        QTest::addColumn<std::string>("text");
        QTest::addColumn<std::string>("mended");
        const auto row = [](const char* name, const std::string& text, const std::string& mended) {
            QTest::newRow(name) << text << mended;
        };
        row("overlong, two bytes", "\xC0\xAF", times(2, kBad));
        row("overlong NUL", std::string("\xC0\x80"), times(2, kBad));
        row("overlong, most of two bytes", "\xC1\xBF", times(2, kBad));
        row("overlong, three bytes", "\xE0\x9F\xBF", times(3, kBad));
        row("overlong, four bytes", "\xF0\x8F\xBF\xBF", times(4, kBad));
        row("first surrogate", "\xED\xA0\x80", times(3, kBad));
        row("last surrogate", "\xED\xBF\xBF", times(3, kBad));
        row("a pair of surrogates", "\xED\xA0\xBD\xED\xB8\x80", times(6, kBad));
        row("beyond U+10FFFF", "\xF4\x90\x80\x80", times(4, kBad));
        row("lead of what never was", "\xF5\x80\x80\x80", times(4, kBad));
        row("five bytes", "\xF8\x88\x80\x80\x80", times(5, kBad));
        row("FE and FF", "\xFE\xFF", times(2, kBad));
        row("a continuation alone", "a\x80z", "a" + kBad + "z");
        row("cut after one of two", "a\xC3", "a" + kBad);
        row("cut after two of three", "a\xE7\x8C", "a" + times(2, kBad));
        row("cut after three of four", "a\xF0\x9F\x90", "a" + times(3, kBad));
        row("cut by another character", "\xE7\x8C\xC3\xA4", times(2, kBad) + "\xC3\xA4");
        row("cut by a NUL", std::string("\xC3\0z", 3), kBad + std::string("\0z", 2));
        row("at the end of a long text", times(50'000, "\xC3\xA4") + "\xC3",
            times(50'000, "\xC3\xA4") + kBad);
    }

    void eachBadByteIsReplaced() {
        QFETCH(const std::string, text);
        QFETCH(const std::string, mended);
        QVERIFY(!isUtf8(text));
        QCOMPARE(toValidUtf8(text), mended);
    }

    void aPartOfALargerTextEndsWhereItEnds() {
        const std::string_view cat = "\xE7\x8C\xAB";
        QVERIFY(isUtf8(cat));
        QVERIFY(!isUtf8(cat.substr(0, 2)));
    }

    void theFirstCharacterIsTold() {
        const auto cat = firstOf("\xF0\x9F\x90\xB1z");
        QCOMPARE(std::uint32_t(cat.code), 0x1F431U);
        QCOMPARE(cat.bytes, std::size_t(4));
        QVERIFY(cat.valid);
        const auto replacement = firstOf(kBad);
        QCOMPARE(std::uint32_t(replacement.code), 0xFFFDU);
        QCOMPARE(replacement.bytes, std::size_t(3));
        QVERIFY(replacement.valid);
        const auto none = firstOf("\xF0\x9F\x90z");
        QCOMPARE(std::uint32_t(none.code), 0xFFFDU);
        QCOMPARE(none.bytes, std::size_t(1));
        QVERIFY(!none.valid);
    }

    void everyCharacterIsWrittenAndRead() {
        for (char32_t code = 0; code <= 0x10FFFF; ++code) {
            if (code >= 0xD800 && code <= 0xDFFF) {
                continue;
            }
            std::string text;
            append(text, code);
            const auto read = firstOf(text);
            QVERIFY2(read.valid && read.code == code && read.bytes == text.size(),
                     qPrintable(QString::number(code, 16)));
        }
    }
};

QTEST_APPLESS_MAIN(TestUtf8)
#include "test_utf8.moc"
