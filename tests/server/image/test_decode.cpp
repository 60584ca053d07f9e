// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <QDir>
#include <QTest>

#include "server/image/jpeg.h"
#include "server/image/orientation.h"
#include "tests/server/image/pictures.h"

using namespace easel;
using namespace easel::tests;

namespace {

using Bytes = std::vector<std::uint8_t>;

const QString kFolder = QStringLiteral(EASEL_SOURCE_DIR "/tests/fixtures/pictures");

void putBigEndian(Bytes& file, std::size_t at, quint32 value) {
    for (int i = 0; i < 4; ++i) {
        file[at + i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
    }
}

protocol::Limits within(int side, std::int64_t pixels, std::int64_t bytes) {
    protocol::Limits limits;
    limits.maxInputSide = side;
    limits.maxInputPixels = pixels;
    limits.maxInputBytes = bytes;
    return limits;
}

/// Of a PNG file.
Bytes chunk(const std::string& name, const Bytes& data) {
    Bytes made(8);
    putBigEndian(made, 0, static_cast<quint32>(data.size()));
    std::copy(name.begin(), name.end(), made.begin() + 4);
    made.insert(made.end(), data.begin(), data.end());
    quint32 crc = ~0U;
    for (std::size_t i = 4; i < made.size(); ++i) {
        crc ^= made[i];
        for (int bit = 0; bit < 8; ++bit) {
            crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320U : 0);
        }
    }
    made.resize(made.size() + 4);
    putBigEndian(made, made.size() - 4, ~crc);
    return made;
}

/// Where a JPEG file says how high and wide it is.
std::size_t jpegSizeAt(const Bytes& file) {
    for (std::size_t i = 0; i + 9 < file.size(); ++i) {
        if (file[i] == 0xFF && file[i + 1] >= 0xC0 && file[i + 1] <= 0xC2) {
            return i + 5;
        }
    }
    return 0;
}

}  // namespace

class TestDecode : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void whatIsWrittenAsJpegReadsBack() {
        image::Image image{48, 31, {}};
        for (int i = 0; i < 48 * 31; ++i) {
            image.rgb.insert(image.rgb.end(), {static_cast<std::uint8_t>(4 * (i % 48)),
                                               static_cast<std::uint8_t>(4 * (i / 48)),
                                               static_cast<std::uint8_t>(i % 2 == 0 ? 30 : 150)});
        }
        const auto fine = image::encodeJpeg(image, 90);
        const auto rough = image::encodeJpeg(image, 10);
        QVERIFY(fine && rough && rough->size() < fine->size());
        const auto back = image::decode(*fine, {});
        QVERIFY(back);
        QCOMPARE(back->image.width, image.width);
        QCOMPARE(back->image.height, image.height);
        QVERIFY(furthest(back->image.rgb, image.rgb) < 30);  // with fewer colours than pixels 60
    }

    void everyFormReadsAsPillowReadsIt_data() {
        QTest::addColumn<QString>("file");
        const QDir folder(kFolder);
        for (const QString& expected : folder.entryList({"*.expected.png"})) {
            const QString name = expected.chopped(int(sizeof ".expected.png") - 1);
            QTest::newRow(qPrintable(name)) << name;
        }
    }

    void everyFormReadsAsPillowReadsIt() {
        QFETCH(QString, file);
        const auto picture = image::decode(pictureFile(file), {});
        QVERIFY2(picture, picture ? "" : picture.error().detail.c_str());
        const auto expected = pictureIn(file + ".expected.png");
        QCOMPARE(picture->image.width, expected.image.width);
        QCOMPARE(picture->image.height, expected.image.height);
        QCOMPARE(furthest(picture->image.rgb, expected.image.rgb), 0);
        QCOMPARE(picture->alpha.has_value(), expected.alpha.has_value());
        QVERIFY(picture->alpha == expected.alpha);
    }

    void allTheFormsWereTried() { QVERIFY(QDir(kFolder).entryList({"*.expected.png"}).size() >= 33); }

    void aHeaderSaysFormatAndSize() {
        const image::Size size{20, 12};
        QVERIFY(image::readHeader(pictureFile("rgb.png"), {}) == (image::Header{image::Format::Png, size}));
        QVERIFY(image::readHeader(pictureFile("cmyk.jpg"), {}) == (image::Header{image::Format::Jpeg, size}));
        QVERIFY(image::readHeader(pictureFile("lossy.webp"), {}) ==
                (image::Header{image::Format::Webp, size}));
    }

    void everyTruncationIsAnError_data() {
        QTest::addColumn<QString>("file");
        for (const char* name : {"rgba.png", "interlaced.png", "baseline.jpg", "progressive.jpg", "cmyk.jpg",
                                 "lossy.webp", "lossless.webp", "lossy-alpha.webp"}) {
            QTest::newRow(name) << name;
        }
    }

    void everyTruncationIsAnError() {
        QFETCH(QString, file);
        const Bytes whole = pictureFile(file);
        // Nothing is missing when only the checksum of a PNG's end is, or the fill byte of a WebP's.
        const std::size_t spare = file.endsWith(".png") ? 4 : file.endsWith(".webp") ? 1 : 0;
        for (std::size_t size = 0; size < whole.size() - spare; ++size) {
            const auto picture = image::decode(std::span(whole).first(size), {});
            QVERIFY2(!picture, qPrintable(QString::number(size)));
            QVERIFY(picture.error().status == 400 || picture.error().status == 415);
            QVERIFY(!picture.error().detail.empty());
        }
    }

    void aChangedBitNeverLeadsAstray() {
        for (const char* name : {"rgba16.png", "progressive.jpg", "ycck.jpg", "lossless-alpha.webp"}) {
            const Bytes whole = pictureFile(name);
            for (std::size_t i = 0; i < whole.size(); ++i) {
                Bytes damaged = whole;
                damaged[i] ^= 0x10;
                const auto picture = image::decode(damaged, within(16384, 1 << 20, 1 << 20));
                if (picture) {
                    const auto& [image, alpha] = *picture;
                    QCOMPARE(image.rgb.size(), std::size_t{3} * image.width * image.height);
                    QVERIFY(!alpha || alpha->values.size() * 3 == image.rgb.size());
                }
            }
        }
    }

    void whatIsTooLargeIsRefusedBeforeItIsUnpacked_data() {
        QTest::addColumn<QString>("file");
        for (const char* name : {"rgb.png", "baseline.jpg", "lossless.webp"}) {
            QTest::newRow(name) << name;
        }
    }

    void whatIsTooLargeIsRefusedBeforeItIsUnpacked() {
        QFETCH(QString, file);
        const Bytes bytes = pictureFile(file);
        const auto fileBytes = static_cast<std::int64_t>(bytes.size());
        QVERIFY(image::decode(bytes, within(20, 240, fileBytes)));
        for (const protocol::Limits& limits :
             {within(19, 240, fileBytes), within(20, 239, fileBytes), within(20, 240, fileBytes - 1)}) {
            const auto picture = image::decode(bytes, limits);
            QVERIFY(!picture);
            QCOMPARE(picture.error().status, 413);
            QVERIFY(QString::fromStdString(picture.error().detail).contains("Send a smaller one."));
        }
    }

    void anAbsurdHeadOnAShortFileIsRefused() {
        Bytes png = pictureFile("rgb.png");
        putBigEndian(png, 16, 0x7FFFFFFF);
        QCOMPARE(image::decode(png, {}).error().status, 413);
        putBigEndian(png, 16, 0);
        QCOMPARE(image::decode(png, {}).error().status, 400);

        Bytes jpeg = pictureFile("baseline.jpg");
        const std::size_t at = jpegSizeAt(jpeg);
        QVERIFY(at != 0);
        putBigEndian(jpeg, at, 0xFFDCFFDC);  // 65,500 x 65,500, the most that libjpeg knows
        QCOMPARE(image::decode(jpeg, {}).error().status, 413);
        putBigEndian(jpeg, at, 0x1F901F90);  // 8,080 x 8,080: within the limits, and nothing of it there
        QCOMPARE(image::decode(jpeg, {}).error().status, 400);
    }

    void whatIsNoPictureIsToldWhatIs() {
        for (const Bytes& bytes : {Bytes(), Bytes{'G', 'I', 'F', '8', '9', 'a', 1, 0, 1, 0}, Bytes(100, 0),
                                   Bytes{'R', 'I', 'F', 'F', 4, 0, 0, 0, 'W', 'A', 'V', 'E'}}) {
            const auto picture = image::decode(bytes, {});
            QVERIFY(!picture);
            QCOMPARE(picture.error().status, 415);
            QVERIFY(QString::fromStdString(picture.error().detail).contains("PNG, JPEG or WebP"));
        }
    }

    void anAnimationIsRefusedAsOne() {
        const auto picture = image::decode(pictureFile("animation.webp"), {});
        QVERIFY(!picture);
        QCOMPARE(picture.error().status, 415);
        QVERIFY(QString::fromStdString(picture.error().detail).contains("animation"));
    }

    void anAnimatedPngIsItsStillPicture() {
        Bytes png = pictureFile("rgb.png");
        const std::size_t pixels = 8 + 12 + 13;  // behind the signature and the head
        const Bytes animation = chunk("acTL", Bytes{0, 0, 0, 1, 0, 0, 0, 0});
        png.insert(png.begin() + pixels, animation.begin(), animation.end());
        const auto picture = image::decode(png, {});
        QVERIFY2(picture, picture ? "" : picture.error().detail.c_str());
        QVERIFY(*picture == pictureIn("rgb.png.expected.png"));
    }

    void extraneousBytesAreHarmless() {
        Bytes jpeg = pictureFile("baseline.jpg");
        const Bytes stray(5, 0x11);
        const std::size_t end = jpeg.size() - 2;  // before the mark of the end
        jpeg.insert(jpeg.begin() + end, stray.begin(), stray.end());
        const auto picture = image::decode(jpeg, {});
        QVERIFY2(picture, picture ? "" : picture.error().detail.c_str());
        QVERIFY(*picture == pictureIn("baseline.jpg.expected.png"));
    }

    void extraneousBytesHideNoDamage() {
        const Bytes stray(5, 0x11);
        const auto put = [&stray](Bytes file, std::uint8_t marker, int which) {
            for (std::size_t at = 2; at + 1 < file.size(); ++at) {
                if (file[at] == 0xFF && file[at + 1] == marker && which-- == 0) {
                    file.insert(file.begin() + static_cast<std::ptrdiff_t>(at), stray.begin(), stray.end());
                    return file;
                }
            }
            return Bytes();
        };
        // In front of tables they are as harmless as at the end.
        Bytes whole = put(pictureFile("baseline.jpg"), 0xDB, 0);
        const auto picture = image::decode(whole, {});
        QVERIFY2(picture, picture ? "" : picture.error().detail.c_str());
        QVERIFY(*picture == pictureIn("baseline.jpg.expected.png"));
        whole.resize(whole.size() * 3 / 4);
        QCOMPARE(image::decode(whole, {}).error().status, 400);
        // Between two scans they would be the only trouble of which libjpeg tells.
        Bytes progressive = put(pictureFile("progressive.jpg"), 0xDA, 1);
        QVERIFY(!progressive.empty());
        progressive.resize(progressive.size() * 3 / 4);
        QCOMPARE(image::decode(progressive, {}).error().status, 400);
    }

    void whatIsLeftOfDamagedPixelsIsNoFill() {
        Bytes jpeg = pictureFile("baseline.jpg");
        const Bytes mark{0xFF, 0xDA};
        const auto scan = std::search(jpeg.begin(), jpeg.end(), mark.begin(), mark.end());
        QVERIFY(jpeg.end() - scan > 14);
        *(scan + 14) ^= 0x10;  // 68 bytes are left when all of the picture's blocks have been read
        const auto picture = image::decode(jpeg, {});
        QVERIFY(!picture);
        QCOMPARE(picture.error().status, 400);
        QVERIFY2(picture.error().detail.find("extraneous") != std::string::npos,
                 picture.error().detail.c_str());
    }

    void nonsenseInExifIsUpright() {
        QCOMPARE(image::orientationIn({}), 1);
        QCOMPARE(image::orientationIn(Bytes(100, 0xFF)), 1);
        QCOMPARE(image::orientationIn(Bytes(1 << 20, 'I')), 1);
        Bytes exif{'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0};
        QCOMPARE(image::orientationIn(exif), 6);
        // A thumbnail behind it may be larger than what a JPEG file could hold.
        Bytes large = exif;
        large.resize(100'000);
        QCOMPARE(image::orientationIn(large), 6);
        for (const std::uint8_t wrong : std::initializer_list<std::uint8_t>{0, 9, 255}) {
            exif[18] = wrong;
            QCOMPARE(image::orientationIn(exif), 1);
        }
    }
};

QTEST_APPLESS_MAIN(TestDecode)
#include "test_decode.moc"
