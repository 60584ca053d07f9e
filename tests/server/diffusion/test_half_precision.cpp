// SPDX-License-Identifier: Apache-2.0
// What bfloat16 on the CPU makes of a picture, beside single precision, on any processor.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <QTest>
#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "server/diffusion/device.h"
#include "server/diffusion/failure.h"
#include "server/diffusion/networks/ops.h"
#include "server/diffusion/pipeline.h"
#include "server/diffusion/weights/packed.h"
#include "tests/server/diffusion/small_drawing.h"

using namespace easel;
using namespace easel::diffusion;
using namespace easel::tests;

namespace {

/// What people do not tell from the other.
constexpr double kAlike = 30;

double decibels(const image::Image& one, const image::Image& other) {
    double squares = 0;
    for (std::size_t i = 0; i < one.rgb.size(); ++i) {
        const double difference = one.rgb[i] - other.rgb[i];
        squares += difference * difference;
    }
    return 10 * std::log10(255.0 * 255.0 * static_cast<double>(one.rgb.size()) / std::max(squares, 1e-9));
}

}  // namespace

class HalfPrecisionTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void picturesLookAlike_data();
    void picturesLookAlike();
    void channelsComeLast();
    void attentionIsTheSame();
    void aMapKeepsItsOrderInMemory();
    void theProcessorSaysWhatPays();
};

void HalfPrecisionTest::picturesLookAlike_data() {
    QTest::addColumn<QString>("model");
    QTest::addColumn<QString>("sampler");
    const QString fixtures = QString::fromStdString(kFixtures + "models/");
    for (const char* const name : {"sd1-tiny", "sd2-tiny", "sdxl-tiny"}) {
        QTest::newRow(name) << fixtures + name << "euler";
    }
    for (const char* const sampler : {"euler", "pndm", "dpmpp_2m", "dpmpp_sde"}) {
        QTest::addRow("starter, %s", sampler) << EASEL_SOURCE_DIR "/resources/starter-model/model" << sampler;
    }
}

void HalfPrecisionTest::picturesLookAlike() {
    QFETCH(QString, model);
    QFETCH(QString, sampler);
    protocol::GenerationSettings settings;
    settings.prompt = "fox on a blue background";
    settings.width = settings.height = 128;
    settings.steps = 20;
    settings.guidance = 5;
    settings.sampler = sampler.toStdString();
    const auto modelIn = [&](const char* precision) {
        EngineOptions options;
        options.precision = precision;
        return std::make_unique<OneModel>(model.toStdString(), "cpu", options);
    };
    const auto single = modelIn("fp32");
    const auto half = modelIn("bf16");
    // PNDM goes on from four answers, of which it takes up to 2.5 times one, and so of its rounding, too: its
    // pictures are 24 to 46 dB alike, on one processor or another.
    const bool multiplies = sampler == "pndm";
    const std::size_t pictures = multiplies ? 5 : 1;
    const double least = multiplies ? kAlike - 6 : kAlike;
    std::vector<double> alike;
    for (settings.seed = 1; alike.size() < pictures; ++settings.seed) {
        const Drawn wanted = single->draw(settings);
        const Drawn drawn = half->draw(settings);
        QVERIFY2(!drawn.problem, drawn.problem ? drawn.problem->detail.c_str() : "");
        alike.push_back(decibels(wanted.images.front(), drawn.images.front()));
    }
    std::ranges::sort(alike);
    const double median = alike[pictures / 2];
    QVERIFY2(median >= least, qPrintable(QString::number(median)));
    QVERIFY(alike.back() < 80);  // or it was not drawn in bfloat16
}

/// In all that convolutions make of packed weights.
void HalfPrecisionTest::channelsComeLast() {
    if (!packed::isWorthIt(at::empty({8, 8}, at::kBFloat16))) {
        QSKIP("This processor does not multiply bfloat16.");
    }
    const c10::InferenceMode inference;
    const Pipeline pipeline(kFixtures + "models/sd1-tiny", openDevice("cpu", "bf16"));
    const at::Tensor pixels = pipeline.decode(at::ones({1, 4, 8, 8}));
    QVERIFY(pixels.scalar_type() == at::kBFloat16);
    QVERIFY(pixels.is_contiguous(at::MemoryFormat::ChannelsLast));
}

void HalfPrecisionTest::attentionIsTheSame() {
    const c10::InferenceMode inference;
    at::manual_seed(1);
    for (const std::int64_t width : {8, 40, 64, 80, 160, 512, 520}) {
        for (const std::int64_t keys : {1, 77, 300}) {
            const std::int64_t heads = width > 160 ? 1 : 4;
            const auto numbers = [&](std::int64_t places) {
                return at::randn({2, places, heads * width}).to(at::kBFloat16);
            };
            const at::Tensor q = numbers(50);
            const at::Tensor k = numbers(keys);
            const at::Tensor v = numbers(keys);
            const at::Tensor half = ops::attention(q, k, v, heads).to(at::kFloat);
            const at::Tensor single =
                ops::attention(q.to(at::kFloat), k.to(at::kFloat), v.to(at::kFloat), heads);
            const double off = (half - single).abs().max().item<double>();
            QVERIFY2(off < 0.02, qPrintable(QString("%1 wide, %2 keys: %3").arg(width).arg(keys).arg(off)));
        }
    }
}

void HalfPrecisionTest::aMapKeepsItsOrderInMemory() {
    const c10::InferenceMode inference;
    const at::Tensor map = at::randn({2, 6, 5, 3});
    for (const at::MemoryFormat order : {at::MemoryFormat::Contiguous, at::MemoryFormat::ChannelsLast}) {
        const at::Tensor like = map.contiguous(order);
        const at::Tensor back = ops::toMap(ops::toSequence(like), like);
        QVERIFY(back.equal(map) && back.is_contiguous(order));
    }
}

void HalfPrecisionTest::theProcessorSaysWhatPays() {
    QCOMPARE(openDevice("cpu", "fp32").precision, std::string("fp32"));
    QCOMPARE(openDevice("cpu", "bf16").precision, std::string("bf16"));
    const std::string chosen = openDevice("cpu", "auto").precision;
    QVERIFY(chosen == "fp32" || chosen == "bf16");
    QCOMPARE(openDevice("cpu", "auto").precision, chosen);
    QVERIFY_EXCEPTION_THROWN(openDevice("cpu", "fp16"), Failure);
}

QTEST_GUILESS_MAIN(HalfPrecisionTest)
#include "test_half_precision.moc"
