// SPDX-License-Identifier: Apache-2.0
#include <QBuffer>
#include <QImage>
#include <QTest>
#include <QtEndian>

#include "desktop/gallery/jpeg_comment.h"
#include "desktop/gallery/png_text.h"

using namespace easel;

class TestPngText : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void readsWhatItWrites_data();
    void readsWhatItWrites();
    void readsQtsCompressedTexts();
    void readsTextAfterThePixels();
    void inflatesNoMoreThanATextHas_data();
    void inflatesNoMoreThanATextHas();
    void takesTextsAwayBeforeQtInflatesThem();
    void refusesWhatIsNoPng_data();
    void refusesWhatIsNoPng();
    void writesExif();
};

namespace {

QByteArray png(const QImage& image) {
    QByteArray bytes;
    QBuffer buffer(&bytes);
    image.save(&buffer, "PNG");
    return bytes;
}

QByteArray plainPng() {
    QImage image(5, 3, QImage::Format_RGB32);
    image.fill(Qt::red);
    return png(image);
}

std::optional<gallery::PngHeader> read(QByteArray bytes) {
    QBuffer buffer(&bytes);
    buffer.open(QIODevice::ReadOnly);
    return gallery::readPngHeader(buffer, "parameters");
}

}  // namespace

void TestPngText::readsWhatItWrites_data() {
    QTest::addColumn<QString>("text");
    QTest::addColumn<QByteArray>("chunk");
    QTest::newRow("one line") << "a cat" << QByteArray("tEXt");
    QTest::newRow("several lines") << "a cat\nNegative prompt: dog\nSteps: 4, Seed: 7" << QByteArray("tEXt");
    QTest::newRow("Latin-1") << "café" << QByteArray("tEXt");
    QTest::newRow("beyond Latin-1") << "ein “Käse” 🐈 猫\nSteps: 4" << QByteArray("iTXt");
    QTest::newRow("empty") << "" << QByteArray("tEXt");
}

void TestPngText::readsWhatItWrites() {
    QFETCH(QString, text);
    QFETCH(QByteArray, chunk);
    const QByteArray bytes = gallery::withPngText(plainPng(), "parameters", text);
    const auto header = read(bytes);
    QVERIFY(header);
    QCOMPARE(header->size, QSize(5, 3));
    QCOMPARE(header->text.value(), text);
    QVERIFY(bytes.contains(chunk + "parameters"));
    // Another reader, which checks the chunk's checksum, agrees.
    const QImage image = QImage::fromData(bytes);
    QCOMPARE(image.pixel(2, 2), qRgb(255, 0, 0));
    QCOMPARE(image.text("parameters"), text);
}

void TestPngText::readsQtsCompressedTexts() {
    QImage image(5, 3, QImage::Format_RGB32);
    const QString latin = QString("a long prompt\n").repeated(20);
    image.setText("parameters", latin);
    QVERIFY(png(image).contains("zTXtparameters"));
    QCOMPARE(read(png(image))->text.value(), latin);

    const QString other = QString("ein “Käse” 猫\n").repeated(20);
    image.setText("parameters", other);
    QVERIFY(png(image).contains("iTXtparameters"));
    QCOMPARE(read(png(image))->text.value(), other);
}

void TestPngText::readsTextAfterThePixels() {
    const QByteArray plain = plainPng();
    const QByteArray with = gallery::withPngText(plain, "parameters", "late");
    const qsizetype added = with.size() - plain.size();
    const QByteArray chunk = with.mid(33, added);
    QByteArray late = plain;
    late.insert(late.size() - 12, chunk);
    QCOMPARE(read(late)->text.value(), "late");
    QVERIFY(!read(plain)->text);
}

namespace {

/// A chunk, with a checksum that nobody looks at in what is not critical.
QByteArray chunk(const QByteArray& type, const QByteArray& data) {
    QByteArray length(4, '\0');
    qToBigEndian(static_cast<quint32>(data.size()), length.data());
    return length + type + data + QByteArray(4, '\0');
}

QByteArray with(const QByteArray& chunks) {
    QByteArray bytes = plainPng();
    return bytes.insert(33, chunks);
}

QByteArray deflated(const QByteArray& text) {
    return qCompress(text, 9).mid(4);
}

}  // namespace

void TestPngText::inflatesNoMoreThanATextHas_data() {
    QTest::addColumn<QByteArray>("type");
    QTest::addColumn<QByteArray>("head");
    QTest::newRow("zTXt") << QByteArray("zTXt") << QByteArray("parameters\0\0", 12);
    QTest::newRow("iTXt") << QByteArray("iTXt") << QByteArray("parameters\0\1\0\0\0", 15);
}

void TestPngText::inflatesNoMoreThanATextHas() {
    QFETCH(QByteArray, type);
    QFETCH(QByteArray, head);
    constexpr qsizetype kMost = 1024 * 1024;
    const auto bomb = read(with(chunk(type, head + deflated(QByteArray(kMost + 1, 'A')))));
    QVERIFY(bomb);
    QCOMPARE(bomb->text.value_or(QString()), QString());
    const auto longest = read(with(chunk(type, head + deflated(QByteArray(kMost, 'A')))));
    QCOMPARE(longest->text.value().size(), kMost);
    QCOMPARE(read(with(chunk(type, head + "no zlib")))->text.value_or(QString()), QString());
}

void TestPngText::takesTextsAwayBeforeQtInflatesThem() {
    QByteArray plain = plainPng();
    QBuffer buffer(&plain);
    buffer.open(QIODevice::ReadOnly);
    QVERIFY(!gallery::hasLargeTexts(buffer));
    QCOMPARE(buffer.pos(), 0);
    buffer.close();

    // Each inflates to seven megabytes, which libpng allows, and a file can hold a thousand of them.
    const QByteArray one = chunk("zTXt", QByteArray("Comment\0\0", 9) + deflated(QByteArray(7'000'000, 'A')));
    QByteArray many = with(one.repeated(20));
    QBuffer hostile(&many);
    hostile.open(QIODevice::ReadOnly);
    QVERIFY(gallery::hasLargeTexts(hostile));
    QCOMPARE(gallery::withoutTexts(hostile), plain);
}

void TestPngText::refusesWhatIsNoPng_data() {
    QTest::addColumn<QByteArray>("bytes");
    QTest::newRow("nothing") << QByteArray();
    QTest::newRow("text") << QByteArray("<html>");
    QTest::newRow("signature only") << plainPng().left(8);
    QTest::newRow("half a header") << plainPng().left(20);
}

void TestPngText::refusesWhatIsNoPng() {
    QFETCH(QByteArray, bytes);
    QVERIFY(!read(bytes));
}

void TestPngText::writesExif() {
    QImage image(8, 8, QImage::Format_RGB32);
    image.fill(Qt::blue);
    QByteArray jpeg;
    QBuffer buffer(&jpeg);
    image.save(&buffer, "JPEG");

    const QByteArray with = gallery::withUserComment(jpeg, "a 猫\nSteps: 4");
    QVERIFY(!QImage::fromData(with).isNull());
    QVERIFY(with.startsWith("\xff\xd8\xff\xe1"));
    const QByteArray comment = QByteArray("UNICODE\0", 8) + QByteArray("\0a\0 \x73\x2b\0\n", 8);
    QVERIFY(with.contains(comment));
    // The tag's offset leads to it: 12 bytes before the TIFF header begins the segment's text.
    const qsizetype tiff = with.indexOf("MM");
    QCOMPARE(with.indexOf(comment) - tiff, 44);

    QCOMPARE(gallery::withUserComment(jpeg, QString(40'000, 'x')), jpeg);
}

QTEST_GUILESS_MAIN(TestPngText)
#include "test_png_text.moc"
