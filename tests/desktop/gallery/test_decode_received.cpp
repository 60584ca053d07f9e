// SPDX-License-Identifier: Apache-2.0
#include <QBuffer>
#include <QTest>

#include "desktop/gallery/decode.h"

using namespace easel;

namespace {

QByteArray fileOf(const QSize& size, const char* format) {
    QImage image(size, QImage::Format_RGB32);
    image.fill(QColor(200, 40, 40));
    QBuffer file;
    image.save(&file, format);
    return file.data();
}

}  // namespace

class TestDecodeReceived : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void readsWhatAServerMaySend();
    void leavesEverythingElse();
};

void TestDecodeReceived::readsWhatAServerMaySend() {
    const QImage png = gallery::decodeReceived(fileOf({512, 30}, "png"), "image/png", 512);
    QCOMPARE(png.size(), QSize(512, 30));
    QCOMPARE(png.pixelColor(9, 9), QColor(200, 40, 40));
    QCOMPARE(gallery::decodeReceived(fileOf({16, 512}, "jpeg"), "image/jpeg", 512).size(), QSize(16, 512));
}

void TestDecodeReceived::leavesEverythingElse() {
    QVERIFY(gallery::decodeReceived(fileOf({513, 8}, "png"), "image/png", 512).isNull());
    QVERIFY(gallery::decodeReceived(fileOf({8, 513}, "jpeg"), "image/jpeg", 512).isNull());
    // It is what it is said to be, or nothing.
    QVERIFY(gallery::decodeReceived(fileOf({8, 8}, "png"), "image/jpeg", 512).isNull());
    QVERIFY(gallery::decodeReceived(fileOf({8, 8}, "bmp"), "image/bmp", 512).isNull());
    const QByteArray drawing = R"(<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>)";
    for (const char* type : {"image/svg+xml", "image/png", ""}) {
        QVERIFY(gallery::decodeReceived(drawing, type, 512).isNull());
    }
    QVERIFY(gallery::decodeReceived(fileOf({300, 300}, "png").first(60), "image/png", 512).isNull());
    QVERIFY(gallery::decodeReceived({}, "image/png", 512).isNull());
}

QTEST_MAIN(TestDecodeReceived)
#include "test_decode_received.moc"
