// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <algorithm>
#include <random>

#include "server/image/png.h"

using namespace easel;
using image::PngText;

namespace {

using Bytes = std::vector<std::uint8_t>;

image::Image noise(int width, int height) {
    std::mt19937 random(7);
    image::Image picture{width, height, Bytes(std::size_t{3} * width * height)};
    for (std::uint8_t& value : picture.rgb) {
        value = static_cast<std::uint8_t>(random());
    }
    return picture;
}

bool holds(const Bytes& file, std::string_view text) {
    return std::search(file.begin(), file.end(), text.begin(), text.end()) != file.end();
}

Bytes fromHex(const char* hex) {
    const QByteArray bytes = QByteArray::fromHex(hex);
    return {bytes.begin(), bytes.end()};
}

}  // namespace

class TestPng : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void whatGoesInComesOut() {
        for (const auto& [width, height] : {std::pair{1, 1}, {64, 3}, {512, 384}}) {
            const auto picture = noise(width, height);
            const auto file = image::encodePng(picture);
            QVERIFY(file);
            const auto back = image::decodePng(*file);
            QVERIFY2(back, back ? "" : back.error().detail.c_str());
            QVERIFY(*back == picture);
        }
    }

    void textsComeBackInOrder() {
        const std::vector<PngText> texts{{"parameters", "a cat\nSteps: 25, Seed: 7"},
                                         {"Comment", "猫 café 🐱\ttab"},
                                         {"Long", std::string(200'000, 'x')}};
        const auto file = image::encodePng(noise(8, 8), texts);
        QVERIFY(file);
        const auto back = image::readPngTexts(*file);
        QVERIFY2(back, back ? "" : back.error().detail.c_str());
        QVERIFY(*back == texts);
        QVERIFY(image::decodePng(*file));
    }

    void onlyAsciiGoesIntoPlainText() {
        const std::vector<PngText> plain{{"parameters", "a cat"}};
        const std::vector<PngText> unicode{{"parameters", "café"}};
        QVERIFY(holds(*image::encodePng(noise(8, 8), plain), "tEXtparameters"));
        QVERIFY(holds(*image::encodePng(noise(8, 8), unicode), "iTXtparameters"));
    }

    void aFileWithoutTextsHasNone() { QVERIFY(image::readPngTexts(*image::encodePng(noise(8, 8)))->empty()); }

    void latin1TextReadsAsUtf8() {
        Bytes file = *image::encodePng(noise(8, 8), std::vector<PngText>{{"Comment", "caf\xC3\xA9"}});
        // A tEXt chunk with the same word in Latin-1, put where the first chunk after the header begins.
        const Bytes chunk = fromHex(
            "0000000c"
            "74455874"
            "436f6d6d656e7400"
            "636166e9"
            "00000000");
        file.insert(file.begin() + 33, chunk.begin(), chunk.end());
        const quint32 crc = crcOf(file, 37, 16);
        for (int i = 0; i < 4; ++i) {
            file[53 + i] = static_cast<std::uint8_t>(crc >> (24 - 8 * i));
        }
        const auto texts = image::readPngTexts(file);
        QVERIFY2(texts, texts ? "" : texts.error().detail.c_str());
        QCOMPARE(texts->size(), std::size_t{2});
        QVERIFY((*texts)[0] == (*texts)[1]);
    }

    void everyKindOfPixelBecomesRgb() {
        const auto grey = image::decodePng(fromHex(
            "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a49444154789c63680000"
            "0082008177cd72b60000000049454e44ae426082"));
        const auto rgba16 = image::decodePng(fromHex(
            "89504e470d0a1a0a0000000d4948445200000001000000011006000000 4f8518ca0000001149444154789c6310fa6f"
            "f23fec7ffd7f001417051817ef8b5e0000000049454e44ae426082"));
        const auto palette = image::decodePng(fromHex(
            "89504e470d0a1a0a0000000d494844520000000100000001010300000025db56ca00000006504c5445000000123456"
            "83e7c9e70000000a49444154789c636800000082008177cd72b60000000049454e44ae426082"));
        QVERIFY(grey && rgba16 && palette);
        QVERIFY((grey->rgb == Bytes{0x80, 0x80, 0x80}));
        QVERIFY((rgba16->rgb == Bytes{0x12, 0x34, 0x56}));
        QVERIFY((palette->rgb == Bytes{0x12, 0x34, 0x56}));
    }

    void everyTruncationIsAnError() {
        const Bytes file = *image::encodePng(noise(16, 16), std::vector<PngText>{{"parameters", "a cat"}});
        constexpr std::size_t kLastChecksum = 4;  // nothing is missing when just this is
        for (std::size_t size = 0; size < file.size() - kLastChecksum; ++size) {
            QVERIFY2(!image::decodePng(std::span(file).first(size)), qPrintable(QString::number(size)));
        }
    }

    void everyChangedBitIsAnErrorOrHarmless() {
        const auto picture = noise(16, 16);
        const Bytes file = *image::encodePng(picture, std::vector<PngText>{{"parameters", "猫"}});
        int refused = 0;
        for (std::size_t i = 0; i < file.size(); ++i) {
            Bytes damaged = file;
            damaged[i] ^= 0x10;
            const auto back = image::decodePng(damaged);
            refused += back ? 0 : 1;
            QVERIFY(!back || *back == picture);
            (void)image::readPngTexts(damaged);
        }
        QVERIFY(refused > static_cast<int>(file.size()) * 9 / 10);
    }

    void whatIsTooLargeIsNotUnpacked() {
        const Bytes file = *image::encodePng(noise(64, 32));
        QVERIFY(!image::decodePng(file, {.maxSide = 63}));
        QVERIFY(!image::decodePng(file, {.maxPixels = 64 * 32 - 1}));
        QVERIFY(image::decodePng(file, {.maxSide = 64, .maxPixels = 64 * 32}));
    }

    void aHugeHeaderOnAShortFileIsRefused() {
        Bytes file = *image::encodePng(noise(8, 8));
        file[18] = 0x1F;  // 8,072 x 8,072 pixels, under both limits
        file[22] = 0x1F;
        const quint32 crc = crcOf(file, 12, 17);
        for (int i = 0; i < 4; ++i) {
            file[29 + i] = static_cast<std::uint8_t>(crc >> (24 - 8 * i));
        }
        const auto back = image::decodePng(file);
        QVERIFY(!back);
        QVERIFY2(back.error().detail.find("too short") != std::string::npos, back.error().detail.c_str());
    }

    void aTextBombIsRefused() {
        const std::vector<PngText> texts{{"Long", std::string(200'000, 'x')}};
        const Bytes file = *image::encodePng(noise(8, 8), texts);
        QVERIFY(!image::readPngTexts(file, {.maxTextBytes = 100'000}));
    }

    void whatCannotBeWrittenIsAnError() {
        QVERIFY(!image::encodePng({}));
        QVERIFY(!image::encodePng({8, 8, Bytes(8 * 8 * 3 - 1)}));
        for (const PngText& bad : {PngText{"", "x"}, PngText{std::string(80, 'k'), "x"},
                                   PngText{"Comment", std::string("a\0b", 3)}}) {
            QVERIFY(!image::encodePng(noise(8, 8), std::span(&bad, 1)));
        }
    }

private:
    static quint32 crcOf(const Bytes& file, std::size_t offset, std::size_t count) {
        quint32 crc = 0xFFFFFFFF;
        for (std::size_t i = offset; i < offset + count; ++i) {
            crc ^= file[i];
            for (int bit = 0; bit < 8; ++bit) {
                crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320 : 0);
            }
        }
        return ~crc;
    }
};

QTEST_APPLESS_MAIN(TestPng)
#include "test_png.moc"
