// SPDX-License-Identifier: Apache-2.0
// Weights in oneDNN's order: the same numbers, layers and changes.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <QTest>

#include "server/diffusion/failure.h"
#include "server/diffusion/weights/packed.h"
#include "tests/server/diffusion/lora_loader.h"
#include "tests/server/diffusion/tensor_file.h"

using namespace easel;
using namespace easel::diffusion;
using tests::kFixtures;
using tests::kModel;
using tests::TensorFile;

class PackedTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void packedWeightsAreTheSame_data();
    void packedWeightsAreTheSame();
    void someAreNotPacked();
    void lorasChangeItAsInSinglePrecision_data();
    void lorasChangeItAsInSinglePrecision();
};

void PackedTest::packedWeightsAreTheSame_data() {
    QTest::addColumn<QList<int>>("shape");
    QTest::addColumn<int>("stride");
    QTest::newRow("linear") << QList<int>{64, 48} << 1;
    QTest::newRow("an odd linear") << QList<int>{7, 5} << 1;
    QTest::newRow("3x3") << QList<int>{40, 24, 3, 3} << 1;
    QTest::newRow("every second place") << QList<int>{40, 24, 3, 3} << 2;
    QTest::newRow("from latents") << QList<int>{32, 4, 3, 3} << 1;
    QTest::newRow("to pixels") << QList<int>{3, 32, 3, 3} << 1;
}

void PackedTest::packedWeightsAreTheSame() {
    QFETCH(QList<int>, shape);
    QFETCH(int, stride);
    const c10::InferenceMode inference;
    at::manual_seed(3);
    const std::vector<std::int64_t> sizes(shape.begin(), shape.end());
    QVERIFY(!packed::isWorthIt(at::randn(sizes).to(at::kDouble)));
    for (const auto dtype : {at::kFloat, at::kBFloat16}) {
        const at::Tensor weight = at::randn(sizes).to(dtype);
        const at::Tensor bias = at::randn(sizes[0]).to(dtype);
        if (!packed::isWorthIt(weight)) {
            QVERIFY(dtype == at::kBFloat16 && packed::packedIfWorthIt(weight, stride).is_same(weight));
            continue;  // this processor does not multiply bfloat16
        }
        const at::Tensor made = packed::packedIfWorthIt(weight, stride);
        QVERIFY(packed::plain(made).equal(weight));
        QVERIFY(packed::plain(weight).is_same(weight) && packed::packed(made, stride).is_same(made));
        if (!made.is_mkldnn()) {
            QVERIFY(made.is_contiguous(at::MemoryFormat::ChannelsLast));
            continue;
        }
        const bool isLinear = sizes.size() == 2;
        const at::Tensor x =
            (isLinear ? at::randn({2, 9, sizes[1]}) : at::randn({2, sizes[1], 9, 7})).to(dtype);
        const double gate = dtype == at::kFloat ? 1e-5 : 0.02;
        for (const at::Tensor& with : {bias, at::Tensor()}) {
            const at::Tensor wanted =
                isLinear ? at::linear(x, weight, with) : at::conv2d(x, weight, with, stride, 1);
            for (const at::Tensor& added : {at::Tensor(), at::randn(wanted.sizes()).to(dtype)}) {
                const at::Tensor got = isLinear ? packed::linear(x, made, with, added)
                                                : packed::convolution(x, made, with, stride, 1, added);
                const at::Tensor sum = added.defined() ? wanted + added : wanted;
                QVERIFY(got.sizes() == sum.sizes());
                const double off = (got.to(at::kFloat) - sum.to(at::kFloat)).abs().max().item<double>();
                QVERIFY2(off <= gate * sum.abs().max().item<double>(), qPrintable(QString::number(off)));
            }
        }
    }
}

void PackedTest::someAreNotPacked() {
    const c10::InferenceMode inference;
    for (const auto& shape : {std::vector<std::int64_t>{64, 32, 1, 1}, {192, 32, 3, 3}}) {
        const at::Tensor weight = at::randn(shape).to(at::kBFloat16);
        const at::Tensor made = packed::packed(weight, 1);
        QVERIFY(!made.is_mkldnn() && made.equal(weight));
        QVERIFY(made.is_contiguous(at::MemoryFormat::ChannelsLast));
    }
}

void PackedTest::lorasChangeItAsInSinglePrecision_data() {
    QTest::addColumn<QString>("lora");
    for (const char* const lora : {"kohya", "peft", "locon", "loha", "lokr", "dora"}) {
        QTest::newRow(lora) << lora;
    }
}

/// Copies are made of packed weights and beside them.
void PackedTest::lorasChangeItAsInSinglePrecision() {
    QFETCH(QString, lora);
    const c10::InferenceMode inference;
    const auto model = valueOrThrow(models::openModelFolder(kModel));
    const TensorFile stages(kFixtures / "diffusion/stages.safetensors");
    const auto answer = [&](c10::ScalarType dtype, const std::vector<models::LoraUse>& loras) {
        const Placement place{c10::kCPU, dtype};
        Parts parts;
        const Networks networks = loadNetworks(model, place, Adapters(model, loras, place), parts);
        Conditioning conditioning;
        conditioning.context = stages["sd1-tiny/text"].to(dtype);
        return networks.denoiser
            ->predict(stages["sd1-tiny/unet/8x8/sample"].to(dtype),
                      stages["sd1-tiny/unet/8x8/timestep"].expand({2}), conditioning)
            .to(at::kFloat);
    };
    const std::vector uses{tests::use(lora.toStdString())};
    const at::Tensor plain = answer(at::kBFloat16, {});
    const at::Tensor changed = answer(at::kBFloat16, uses);
    const at::Tensor wanted = answer(at::kFloat, uses);
    const double off = (changed - wanted).abs().mean().item<double>();
    const double change = (changed - plain).abs().mean().item<double>();
    QVERIFY2(off < change / 5, qPrintable(QString("%1 off, %2 changed").arg(off).arg(change)));
    QVERIFY(answer(at::kBFloat16, {}).equal(plain));
}

QTEST_GUILESS_MAIN(PackedTest)
#include "test_packed.moc"
