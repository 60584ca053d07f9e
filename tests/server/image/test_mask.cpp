// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "server/image/blur.h"
#include "server/image/composite.h"
#include "server/image/crop_region.h"
#include "server/image/mask.h"
#include "server/image/masked_fill.h"
#include "tests/server/image/pictures.h"

using namespace easel;
using namespace easel::tests;
using image::Plane;
using image::Window;

namespace {

/// Black, with a white rectangle.
Plane maskWith(int width, int height, const Window& hole) {
    Plane mask{width, height, std::vector<std::uint8_t>(static_cast<std::size_t>(width) * height)};
    for (int y = hole.top; y < hole.top + hole.height; ++y) {
        for (int x = hole.left; x < hole.left + hole.width; ++x) {
            mask.values[static_cast<std::size_t>(y) * width + x] = 255;
        }
    }
    return mask;
}

/// As AUTOMATIC1111's expand_crop_region finds it, in its own words.
Window expanded(Window window, int width, int height, int imageWidth, int imageHeight) {
    double x1 = window.left, y1 = window.top;
    double x2 = window.left + window.width, y2 = window.top + window.height;
    const double wanted = double(width) / height;
    if ((x2 - x1) / (y2 - y1) > wanted) {
        const double grow = std::trunc((x2 - x1) / wanted - (y2 - y1));
        y1 -= std::floor(grow / 2);
        y2 += grow - std::floor(grow / 2);
        if (y2 >= imageHeight) {
            y1 -= y2 - imageHeight;
            y2 = imageHeight;
        }
        if (y1 < 0) {
            y2 -= y1;
            y1 = 0;
        }
        y2 = std::min(y2, double(imageHeight));
    } else {
        const double grow = std::trunc((y2 - y1) * wanted - (x2 - x1));
        x1 -= std::floor(grow / 2);
        x2 += grow - std::floor(grow / 2);
        if (x2 >= imageWidth) {
            x1 -= x2 - imageWidth;
            x2 = imageWidth;
        }
        if (x1 < 0) {
            x2 -= x1;
            x1 = 0;
        }
        x2 = std::min(x2, double(imageWidth));
    }
    return {int(x1), int(y1), int(x2 - x1), int(y2 - y1)};
}

}  // namespace

class TestMask : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void lumaIsPillows() { QVERIFY(image::luma(pictureIn("source.png").image) == planeIn("luma.png")); }

    /// Whose kernel has weights of 8 bits.
    void blurIsOpenCvsUpToItsRounding() {
        const auto mask = planeIn("mask.png");
        for (const int deviation : {1, 4, 13}) {
            const auto expected = planeIn(QString("mask-blur-%1.png").arg(deviation));
            QVERIFY(furthest(image::blurred(mask, deviation).values, expected.values) <= 2);
            QVERIFY(furthest(image::blurred(mask, deviation * 1.25).values, expected.values) > 2);
        }
        QVERIFY(image::blurred(mask, 0) == mask);
        QVERIFY(image::blurred(mask, 0.1) == mask);
    }

    void blurNeedsNoRoom() {
        for (const auto& [width, height] : {std::pair{1, 1}, {1, 9}, {2, 2}, {3, 1}}) {
            const Plane even{width, height, std::vector<std::uint8_t>(std::size_t(width) * height, 200)};
            QVERIFY(image::blurred(even, 64) == even);
        }
    }

    void compositeIsPillows() {
        const auto under = pictureIn("under.png").image;
        auto over = under;
        for (auto& value : over.rgb) {
            value = static_cast<std::uint8_t>(255 - value);
        }
        const auto mixed = image::composite(under, over, planeIn("mask-blur-4.png"));
        QVERIFY(mixed == pictureIn("composite.png").image);
    }

    void paintedMasksAreTheirStrokes() {
        image::Picture picture{{2, 1, {0, 0, 0, 255, 255, 255}}, Plane{2, 1, {255, 128}}};
        QVERIFY((image::maskOf(picture) == Plane{2, 1, {255, 128}}));
        picture.alpha->values[1] = 255;
        QVERIFY((image::maskOf(picture) == Plane{2, 1, {0, 255}}));
        picture.alpha.reset();
        QVERIFY((image::maskOf(picture) == Plane{2, 1, {0, 255}}));
        QVERIFY((image::inverted(Plane{3, 1, {0, 100, 255}}) == Plane{3, 1, {255, 155, 0}}));
    }

    void theRegionIsAutomatic1111s() {
        const image::Size picture{200, 120};
        for (const Window& hole : {Window{50, 40, 20, 10},
                                   {0, 0, 3, 90},
                                   {190, 100, 10, 20},
                                   {0, 0, 200, 120},
                                   {100, 119, 1, 1},
                                   {30, 0, 140, 2}}) {
            for (const int padding : {0, 7, 64}) {
                const int left = std::max(0, hole.left - padding);
                const int top = std::max(0, hole.top - padding);
                const Window padded{left, top,
                                    std::min(picture.width, hole.left + hole.width + padding) - left,
                                    std::min(picture.height, hole.top + hole.height + padding) - top};
                for (const image::Size drawn : {image::Size{512, 512}, {768, 512}, {64, 512}}) {
                    const auto region =
                        image::cropRegion(maskWith(picture.width, picture.height, hole), padding, drawn);
                    QVERIFY(region);
                    const auto expected =
                        expanded(padded, drawn.width, drawn.height, picture.width, picture.height);
                    QVERIFY(*region == expected);
                    QVERIFY(region->left >= 0 && region->top >= 0 && region->width > 0 && region->height > 0);
                    QVERIFY(region->left + region->width <= picture.width);
                    QVERIFY(region->top + region->height <= picture.height);
                }
            }
        }
    }

    void anEmptyMaskHasNoRegion() { QVERIFY(!image::cropRegion(maskWith(8, 8, {}), 4, {512, 512})); }

    void theFaintestMaskHasARegion() {
        Plane mask = maskWith(64, 64, {});
        mask.values[64 * 10 + 20] = 1;
        QVERIFY((image::cropRegion(mask, 0, {512, 512}) == Window{20, 10, 1, 1}));
    }

    void onlyTheMaskedPartIsPastedBack() {
        const auto picture = pictureIn("under.png").image;
        const Window window{16, 8, 24, 24};
        image::Image white{24, 24, std::vector<std::uint8_t>(24 * 24 * 3, 255)};
        const auto mask = maskWith(64, 48, {20, 10, 8, 8});
        const auto pasted = image::pastedBack(picture, white, window, mask);
        for (int y = 0; y < 48; ++y) {
            for (int x = 0; x < 64; ++x) {
                const std::size_t at = 3 * (static_cast<std::size_t>(y) * 64 + x);
                const bool isDrawn = x >= 20 && x < 28 && y >= 10 && y < 18;
                QCOMPARE(pasted.rgb[at], isDrawn ? 255 : picture.rgb[at]);
            }
        }
    }

    void fillTakesTheColoursAround() {
        const auto picture = pictureIn("under.png").image;
        const auto mask = planeIn("mask-blur-4.png");
        const auto filled = image::maskedFill(picture, mask);
        // Pillow rounds each blur to 8 bits, and its colours are divided by alphas that were.
        const auto expected = pictureIn("masked-fill.png").image;
        QVERIFY(furthest(filled.rgb, expected.rgb) <= 8);
        QVERIFY(furthest(picture.rgb, expected.rgb) > 40);
    }

    void whatIsKeptStaysAndNothingKeptIsGrey() {
        const auto picture = pictureIn("under.png").image;
        QVERIFY(image::maskedFill(picture, maskWith(64, 48, {})) == picture);
        const auto grey = image::maskedFill(picture, maskWith(64, 48, {0, 0, 64, 48}));
        QCOMPARE(std::ranges::count(grey.rgb, 128), std::ptrdiff_t{64 * 48 * 3});
    }
};

QTEST_APPLESS_MAIN(TestMask)
#include "test_mask.moc"
