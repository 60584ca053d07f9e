// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "server/image/composite.h"
#include "server/image/fit.h"
#include "server/image/resample.h"
#include "tests/server/image/pictures.h"

using namespace easel;
using namespace easel::tests;
using image::Filter;
using image::Fit;
using image::Size;

namespace {

/// Counts up along each row and each column, so that every pixel is told from its neighbours.
image::Plane ramp(int width, int height) {
    image::Plane plane{width, height, {}};
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
            plane.values.push_back(static_cast<std::uint8_t>(10 * y + x));
        }
    }
    return plane;
}

}  // namespace

class TestResample : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void isPillowsToTheBit_data() {
        QTest::addColumn<int>("filter");
        QTest::addColumn<int>("width");
        QTest::addColumn<int>("height");
        for (const int filter : {0, 1}) {
            for (const auto& [width, height] :
                 {std::pair{64, 64}, {16, 9}, {37, 8}, {5, 23}, {1, 1}, {100, 23}}) {
                QTest::addRow("%s %dx%d", filter ? "bicubic" : "lanczos", width, height)
                    << filter << width << height;
            }
        }
    }

    void isPillowsToTheBit() {
        QFETCH(int, filter);
        QFETCH(int, width);
        QFETCH(int, height);
        const auto expected = pictureIn(
            QString("resize-%1-%2x%3.png").arg(filter ? "bicubic" : "lanczos").arg(width).arg(height));
        const auto source = pictureIn("source.png").image;
        const auto made = resized(source, {width, height}, filter ? Filter::Bicubic : Filter::Lanczos);
        QCOMPARE(furthest(made.rgb, expected.image.rgb), 0);
        QVERIFY(made == expected.image);
        const auto other = resized(source, {width, height}, filter ? Filter::Lanczos : Filter::Bicubic);
        QVERIFY((width == 37 && height == 23) || width == 1 || other != expected.image);
    }

    void aPlaneIsResizedLikeAChannel() {
        const auto source = planeIn("source.png");
        QVERIFY(resized(source, {16, 9}) == planeIn("resize-lanczos-16x9.png"));
    }

    void aPartIsAPartOfTheWhole() {
        const auto source = pictureIn("source.png").image;
        for (const Size size : {Size{64, 64}, {16, 9}, {37, 50}, {70, 23}, {37, 23}}) {
            const auto whole = resized(source, size);
            for (const image::Window& part :
                 {image::Window{3, 2, 5, 4}, {0, 0, 1, 1}, {size.width - 2, size.height - 3, 2, 3}}) {
                QVERIFY(resizedPart(source, size, part) == cropped(whole, part));
            }
        }
    }

    void cropTakesTheMiddle() {
        const auto plane = ramp(6, 4);
        // As high as wanted already; one column goes on either side.
        QVERIFY(fitted(plane, {4, 4}, Fit::Crop) == cropped(plane, {1, 0, 4, 4}));
        QVERIFY(fitted(plane, {6, 2}, Fit::Crop) == cropped(plane, {0, 1, 6, 2}));
        QVERIFY(fitted(plane, {3, 3}, Fit::Crop) == cropped(resized(plane, {4, 3}), {1, 0, 3, 3}));
        QVERIFY(fitted(plane, {6, 4}, Fit::Crop) == plane);
    }

    void fillRepeatsTheEdge() {
        const auto filled = fitted(ramp(4, 2), {4, 5}, Fit::Fill);
        const image::Plane expected{
            4, 5, {0, 1, 2, 3, 0, 1, 2, 3, 10, 11, 12, 13, 10, 11, 12, 13, 10, 11, 12, 13}};
        QVERIFY(filled == expected);
        const auto wider = fitted(ramp(2, 2), {5, 2}, Fit::Fill);
        const image::Plane wide{5, 2, {0, 0, 1, 1, 1, 10, 10, 11, 11, 11}};
        QVERIFY(wider == wide);
    }

    void stretchGoesOutOfShape() {
        const auto source = pictureIn("source.png").image;
        QVERIFY(fitted(source, {64, 64}, Fit::Stretch) == pictureIn("resize-lanczos-64x64.png").image);
    }

    void extremeShapesTakeLittleMemory() {
        const image::Plane line{1, 16384, std::vector<std::uint8_t>(16384, 7)};
        for (const Fit fit : {Fit::Stretch, Fit::Crop, Fit::Fill}) {
            const auto made = fitted(line, {512, 512}, fit);
            QCOMPARE(made.values.size(), std::size_t{512 * 512});
            QCOMPARE(std::ranges::count(made.values, 7), 512 * 512);
        }
    }
};

QTEST_APPLESS_MAIN(TestResample)
#include "test_resample.moc"
