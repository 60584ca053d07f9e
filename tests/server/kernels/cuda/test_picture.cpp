// SPDX-License-Identifier: Apache-2.0
// Pixels and a resize as a GPU computes them, against the plain loop and the CPU's own resize.
#include <QTest>
#include <cmath>
#include <limits>

#include "server/image/resample.h"
#include "tests/server/kernels/cuda/stored.h"

using namespace easel;
using namespace easel::kernels::cuda;
using namespace easel::tests;

namespace {

/// `image` resized along one side.
std::vector<std::uint8_t> resampled(const std::vector<std::uint8_t>& x, std::int64_t outer, std::int64_t from,
                                    std::int64_t to, std::int64_t inner) {
    const image::TapTable taps =
        image::tapTable(static_cast<int>(from), static_cast<int>(to), image::Filter::Lanczos);
    std::vector<std::uint8_t> out(static_cast<std::size_t>(outer * to * inner));
    const ResampleCall call{.x = x.data(),
                            .out = out.data(),
                            .firsts = taps.firsts.data(),
                            .counts = taps.counts.data(),
                            .weights = taps.weights.data(),
                            .outer = outer,
                            .from = from,
                            .to = to,
                            .inner = inner,
                            .most = taps.most};
    [&] { QCOMPARE(resample(call, nullptr), 0); }();
    return out;
}

}  // namespace

class CudaPictureTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void pixelsAreTheFormula() {
        for (const NumberKind kind : kKinds) {
            for (const auto& [height, width, isChannelsLast] :
                 {std::tuple{1, 1, false}, {7, 9, false}, {7, 9, true}, {65, 130, true}}) {
                const std::int64_t places = std::int64_t{height} * width;
                Stored x(kind, 3 * places);
                x.fillNormal(1);
                std::vector<std::uint8_t> out(static_cast<std::size_t>(3 * places));
                std::int32_t notFinite = 0;
                PixelsCall call{kind, x.data(), places, width, 1, out.data(), &notFinite, height, width};
                if (isChannelsLast) {
                    call.planeStride = 1;
                    call.rowStride = std::int64_t{3} * width;
                    call.columnStride = 3;
                }
                QCOMPARE(pixels(call, nullptr), 0);
                QCOMPARE(notFinite, 0);
                for (std::int64_t i = 0; i < 3 * places; ++i) {
                    const double value = x.at(isChannelsLast ? i : i % 3 * places + i / 3);
                    // In single precision as the engine rounds them, so that both meet the same ties.
                    const float share = std::clamp(static_cast<float>(value) * 0.5F + 0.5F, 0.0F, 1.0F);
                    QCOMPARE(int{out[static_cast<std::size_t>(i)]}, int(std::nearbyint(share * 255)));
                }
            }
        }
    }

    void whatIsNotFiniteIsTold() {
        for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity(),
                                 -std::numeric_limits<double>::infinity()}) {
            for (const std::int64_t place : {0, 500, 3 * 40 * 40 - 1}) {
                Stored x(NumberKind::Float16, 3 * 40 * 40);
                x.fillNormal(1);
                x.set(place, bad);
                std::vector<std::uint8_t> out(3 * 40 * 40);
                std::int32_t notFinite = 0;
                QCOMPARE(pixels({NumberKind::Float16, x.data(), 1600, 40, 1, out.data(), &notFinite, 40, 40},
                                nullptr),
                         0);
                QCOMPARE(notFinite, 1);
            }
        }
    }

    /// To the bit, along the rows and then along the columns.
    void aResizeIsTheCpus() {
        for (const auto& [from, to] : {std::pair{image::Size{64, 64}, image::Size{96, 80}},
                                       {image::Size{33, 17}, image::Size{50, 51}},
                                       {image::Size{90, 70}, image::Size{31, 20}},
                                       {image::Size{5, 1}, image::Size{1, 9}}}) {
            image::Image picture{from.width, from.height, {}};
            std::mt19937 random(1);
            std::uniform_int_distribution<int> extreme(0, 3);
            for (int i = 0; i < 3 * from.width * from.height; ++i) {
                const int kind = extreme(random);
                picture.rgb.push_back(static_cast<std::uint8_t>(kind == 0   ? 0
                                                                : kind == 1 ? 255
                                                                            : random() & 255));
            }
            const auto right = image::resized(picture, to);
            const auto wide = resampled(picture.rgb, from.height, from.width, to.width, 3);
            QCOMPARE(resampled(wide, 1, from.height, to.height, std::int64_t{3} * to.width), right.rgb);
        }
    }
};

QTEST_GUILESS_MAIN(CudaPictureTest)
#include "test_picture.moc"
