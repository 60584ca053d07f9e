// SPDX-License-Identifier: Apache-2.0
// Convolving before doubling is convolving after it.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <QTest>

#include "server/diffusion/failure.h"
#include "server/diffusion/networks/upsampler.h"
#include "server/models/model_folder.h"
#include "tests/server/diffusion/small_drawing.h"

using namespace easel;
using namespace easel::diffusion;

namespace {

constexpr std::int64_t kChannels = 16;

Upsampler upsampler(c10::ScalarType dtype) {
    const auto model = valueOrThrow(models::openModelFolder(tests::kFixtures + "models/sd1-tiny"));
    const Weights all(valueOrThrow(models::openWeights(model, models::kVae)), {c10::kCPU, dtype});
    return {all / "decoder.up_blocks" / 0 / "upsamplers.0.conv", kChannels};
}

double off(const at::Tensor& one, const at::Tensor& other) {
    const at::Tensor wanted = other.to(at::kFloat);
    return ((one.to(at::kFloat) - wanted).abs().max() / wanted.abs().max()).item<double>();
}

}  // namespace

class UpsamplerTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void itIsTheSame_data() {
        QTest::addColumn<int>("height");
        QTest::addColumn<int>("width");
        QTest::newRow("a place") << 1 << 1;
        QTest::newRow("a row") << 1 << 5;
        QTest::newRow("odd") << 7 << 3;
        QTest::newRow("even") << 8 << 16;
    }

    void itIsTheSame() {
        QFETCH(int, height);
        QFETCH(int, width);
        const c10::InferenceMode inference;
        at::manual_seed(5);
        for (const auto& [dtype, most] : {std::pair(at::kFloat, 1e-5), std::pair(at::kBFloat16, 0.02)}) {
            const Upsampler up = upsampler(dtype);
            QVERIFY(up.quarters[0].defined());
            for (const auto order : {at::MemoryFormat::Contiguous, at::MemoryFormat::ChannelsLast}) {
                const at::Tensor x = at::randn({2, kChannels, height, width}).to(dtype).contiguous(order);
                const at::Tensor wanted = up.conv.forward(at::upsample_nearest2d(x, {2 * height, 2 * width}));
                const at::Tensor got = up.forward(x);
                QVERIFY(got.sizes() == wanted.sizes());
                QVERIFY2(off(got, wanted) < most, qPrintable(QString::number(off(got, wanted))));
            }
        }
    }

    void toAnOddSizeItIsWhatTheConvolutionSays() {
        const c10::InferenceMode inference;
        const Upsampler up = upsampler(at::kFloat);
        const at::Tensor x = at::randn({1, kChannels, 4, 3});
        QVERIFY(up.forward(x, 7, 6).equal(up.conv.forward(at::upsample_nearest2d(x, {7, 6}))));
        QVERIFY(up.forward(x, 8, 5).equal(up.conv.forward(at::upsample_nearest2d(x, {8, 5}))));
    }
};

QTEST_GUILESS_MAIN(UpsamplerTest)
#include "test_upsampler.moc"
