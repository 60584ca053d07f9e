// SPDX-License-Identifier: Apache-2.0
// LoRAs of every kind against diffusers, PEFT and the papers' formulas.
#include <c10/core/InferenceMode.h>

#include <QTemporaryDir>
#include <QTest>

#include "server/diffusion/failure.h"
#include "server/diffusion/networks/layers.h"
#include "server/diffusion/networks/text/clip.h"
#include "server/diffusion/weights/packed.h"
#include "tests/server/diffusion/lora_loader.h"
#include "tests/server/diffusion/tensor_file.h"
#include "tests/server/models/safetensors_bytes.h"
#include "tests/support/gates.h"

using namespace easel;
using namespace easel::diffusion;
using models::LoraUse;
using tests::gate;
using tests::greatestDifference;
using tests::kFixtures;
using tests::kModel;
using tests::kPlace;
using tests::Loader;
using tests::TensorFile;
using tests::use;

namespace {

const TensorFile& expected() {
    static const TensorFile file(kFixtures / "loras/expected.safetensors");
    return file;
}

const TensorFile& stages() {
    static const TensorFile file(kFixtures / "diffusion/stages.safetensors");
    return file;
}

/// What the UNet makes of the stages' input.
at::Tensor answerOf(const std::vector<LoraUse>& loras) {
    const auto model = valueOrThrow(models::openModelFolder(kModel));
    Parts parts;
    const Networks networks = loadNetworks(model, kPlace, Adapters(model, loras, kPlace), parts);
    Conditioning conditioning;
    conditioning.context = stages()["sd1-tiny/text"];
    return networks.denoiser->predict(stages()["sd1-tiny/unet/8x8/sample"],
                                      stages()["sd1-tiny/unet/8x8/timestep"].expand({2}), conditioning);
}

/// A LoRA of one layer, "layer", with two factors of rank 1 in a file, and what it changes.
struct OneLayer {
    OneLayer(const std::vector<std::int64_t>& shape, double weight) {
        const auto numbers = c10::multiply_integers(shape) / shape[0];
        down = at::randn(numbers, at::kFloat);
        up = at::randn(shape[0], at::kFloat);
        QByteArray kernel;
        for (std::size_t i = 1; i < shape.size(); ++i) {
            kernel += ',' + QByteArray::number(shape[i]);
        }
        const auto end = [](std::int64_t count) { return QByteArray::number(count * 4); };
        const QByteArray header = "{\"unet.layer.lora_A.weight\":{\"dtype\":\"F32\",\"shape\":[1" + kernel +
                                  "],\"data_offsets\":[0," + end(numbers) +
                                  "]},\"unet.layer.lora_B.weight\":{\"dtype\":\"F32\",\"shape\":[" +
                                  QByteArray::number(shape[0]) + ",1],\"data_offsets\":[" + end(numbers) +
                                  "," + end(numbers + shape[0]) + "]}}";
        const auto bytes = [](const at::Tensor& tensor) {
            return QByteArray(static_cast<const char*>(tensor.const_data_ptr()), tensor.numel() * 4);
        };
        writeFile(m_folder.filePath("one.safetensors"),
                  safetensorsBytes(header, 0) + bytes(down) + bytes(up));
        const LoraUse wanted{m_folder.filePath("one.safetensors").toStdString(), weight};
        const std::vector files{
            std::make_shared<const models::LoraFile>(valueOrThrow(models::LoraFile::open(wanted.file)))};
        auto matched = valueOrThrow(models::matchLoras(
            files, std::span(&wanted, 1), {models::LoraTargets::ofUNet({{"layer.weight", shape}}), {}}));
        adapter = std::make_shared<const Adapter>(std::move(matched.unet), files, kPlace);
        tensors = std::make_shared<const Tensors>(
            Tensors{{"layer.weight", at::randn(shape)}, {"layer.bias", at::randn(shape[0])}});
        changed = tensors->at("layer.weight") + weight * at::outer(up, down).reshape(shape);
    }

    Weights weights() const { return Weights(tensors, adapter) / "layer"; }

    at::Tensor down;
    at::Tensor up;
    at::Tensor changed;
    std::shared_ptr<const Tensors> tensors;
    std::shared_ptr<const Adapter> adapter;

private:
    QTemporaryDir m_folder;
};

}  // namespace

class LorasTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void asTheReferenceHasIt_data() {
        QTest::addColumn<QString>("name");
        QTest::addColumn<double>("weight");
        for (const char* const name : {"kohya", "peft", "peft-dora", "original-names", "processors", "locon",
                                       "loha", "lokr", "dora", "whole"}) {
            QTest::newRow(name) << name << 1.0;
        }
        for (const char* const name : {"kohya", "locon", "loha", "lokr", "dora"}) {
            QTest::addRow("half of %s", name) << name << 0.5;
        }
        QTest::newRow("the contrary of kohya") << "kohya" << -0.7;
    }

    void asTheReferenceHasIt() {
        const c10::InferenceMode inference;
        QFETCH(QString, name);
        QFETCH(double, weight);
        const QString key = weight == 1 ? name : name + '/' + QString::number(weight);
        const at::Tensor answer = answerOf({use(name.toStdString(), weight)});
        const double off = greatestDifference(answer, expected()[(key + "/unet").toStdString()]);
        QVERIFY2(off <= gate("unet"), qPrintable(QString::number(off)));
        const at::Tensor without = stages()["sd1-tiny/unet/8x8/output"];
        QVERIFY(greatestDifference(answer, without) > 1000 * gate("unet"));
        if (const std::string wrong = (key + "/wrong/unet").toStdString(); expected().has(wrong)) {
            QVERIFY(greatestDifference(answer, expected()[wrong]) > 1000 * gate("unet"));
        }
    }

    void textEncodersHaveTheirPart_data() {
        QTest::addColumn<double>("weight");
        for (const double weight : {1.0, 0.5, -0.7}) {
            QTest::addRow("%g", weight) << weight;
        }
    }

    void textEncodersHaveTheirPart() {
        const c10::InferenceMode inference;
        QFETCH(double, weight);
        const auto model = valueOrThrow(models::openModelFolder(kModel));
        const auto& part = model.texts.front();
        const std::vector loras{use("kohya", weight)};
        const Adapters adapters(model, loras, kPlace);
        const Weights plain(valueOrThrow(models::openWeights(model, part.name)), kPlace);
        const TextEncoder base(plain, part.encoder);
        const TextEncoder changed(Weights(plain.taken(), adapters.of(part.name)->adapter), part.encoder);
        const at::Tensor ids = stages()["sd1-tiny/ids"].slice(0, 0, 1);
        const std::string key =
            weight == 1 ? "kohya/text" : QString("kohya/%1/text").arg(weight).toStdString();
        const auto features = [&ids](const TextEncoder& encoder) { return encoder.forward(ids).tokens; };
        const double off = greatestDifference(features(changed), expected()[key]);
        QVERIFY2(off <= gate("text"), qPrintable(QString::number(off)));
        QVERIFY(greatestDifference(features(base), expected()[key]) > 1000 * gate("text"));
    }

    void severalAddUp() {
        const c10::InferenceMode inference;
        const at::Tensor whole = expected()["kohya/unet"];
        const double off = greatestDifference(answerOf({use("kohya", 0.25), use("kohya", 0.75)}), whole);
        QVERIFY2(off <= gate("unet"), qPrintable(QString::number(off)));
        const at::Tensor both = answerOf({use("kohya"), use("locon")});
        QVERIFY(greatestDifference(both, answerOf({use("locon"), use("kohya")})) <= gate("unet"));
        QVERIFY(greatestDifference(both, whole) > 1000 * gate("unet"));
        QVERIFY(greatestDifference(both, expected()["locon/unet"]) > 1000 * gate("unet"));
    }

    void noneAndNoStrengthAreThePlainModelToTheBit() {
        const c10::InferenceMode inference;
        const at::Tensor plain = answerOf({});
        QVERIFY(at::equal(plain, answerOf({use("kohya", 0)})));
        QVERIFY(at::equal(plain, answerOf({use("kohya"), use("kohya", -1)})) ||
                greatestDifference(plain, answerOf({use("kohya"), use("kohya", -1)})) <= gate("unet"));
    }

    void blocksAreWeighed() {
        const c10::InferenceMode inference;
        auto down = use("kohya");
        auto others = use("kohya");
        down.blocks = {1, 0, 0};
        others.blocks = {0, 1, 1};
        const at::Tensor whole = expected()["kohya/unet"];
        QVERIFY(greatestDifference(answerOf({down}), whole) > 1000 * gate("unet"));
        QVERIFY(greatestDifference(answerOf({down, others}), whole) <= gate("unet"));
    }

    void thinChangesAreBesideTheirLayers() {
        const c10::InferenceMode inference;
        at::manual_seed(1);
        const OneLayer one({64, 48}, 0.6);
        QVERIFY(one.adapter->isBeside("layer.weight"));
        QCOMPARE(one.adapter->bytes(), std::int64_t{4 * (64 + 48)});
        const Linear layer(one.weights(), 48, 64);
        QVERIFY(layer.weight.is_same(one.tensors->at("layer.weight")));
        const at::Tensor x = at::randn({3, 5, 48});
        const at::Tensor wanted = at::linear(x, one.changed, one.tensors->at("layer.bias"));
        QVERIFY(greatestDifference(layer.forward(x), wanted) <= 2e-5);
        QVERIFY(greatestDifference(at::linear(x, layer.weight, layer.bias), wanted) > 0.1);
    }

    void thinChangesOfMaps_data() {
        QTest::addColumn<int>("kernel");
        QTest::addColumn<int>("stride");
        QTest::newRow("1") << 1 << 1;
        QTest::newRow("3") << 3 << 1;
        QTest::newRow("3, every second") << 3 << 2;
    }

    void thinChangesOfMaps() {
        const c10::InferenceMode inference;
        QFETCH(int, kernel);
        QFETCH(int, stride);
        at::manual_seed(2);
        const OneLayer one({40, 24, kernel, kernel}, -0.8);
        QVERIFY(one.adapter->isBeside("layer.weight"));
        const Conv2d layer(one.weights(), 24, 40, kernel, stride);
        QVERIFY(layer.weight.is_same(one.tensors->at("layer.weight")));
        const at::Tensor x = at::randn({2, 24, 9, 7});
        const at::Tensor wanted =
            at::conv2d(x, one.changed, one.tensors->at("layer.bias"), stride, kernel / 2);
        QVERIFY(greatestDifference(layer.forward(x), wanted) <= 5e-5);
    }

    void thickChangesAreCopies() {
        at::manual_seed(3);
        const OneLayer one({4, 5}, 1);
        QVERIFY(!one.adapter->isBeside("layer.weight"));
        QCOMPARE(one.adapter->bytes(), std::int64_t{4 * 20});
        const Linear layer(one.weights(), 5, 4);
        QVERIFY(greatestDifference(packed::plain(layer.weight), one.changed) <= 1e-5);
        QVERIFY(layer.bias.is_same(one.tensors->at("layer.bias")));
    }

    void numbersThatAreNotFiniteAreRefused() {
        QTemporaryDir folder;
        const QByteArray header =
            R"({"unet.conv_out.diff_b":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}})";
        writeFile(folder.filePath("bad.safetensors"),
                  safetensorsBytes(header, 0) + QByteArray::fromHex("0000c07f").repeated(4));
        Loader loader;
        const auto answer = loader.get({{folder.filePath("bad.safetensors").toStdString()}});
        QVERIFY(answer.state == ModelLoader::State::Failed);
        QVERIFY(QString::fromStdString(answer.problem->detail).contains("conv_out.diff_b"));
        QCOMPARE(answer.problem->field.value_or(""), "loras");
    }

    void whatTheyMakeMustBeFinite() {
        QTemporaryDir folder;
        const QByteArray header =
            R"({"unet.conv_out.diff_b":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}})";
        const QByteArray large = QByteArray::fromHex("e6b1617f").repeated(4);  // 3e38
        writeFile(folder.filePath("large.safetensors"), safetensorsBytes(header, 0) + large);
        const auto loaded = [&folder](double weight) {
            Loader loader;
            return loader.get({{folder.filePath("large.safetensors").toStdString(), weight}});
        };
        QVERIFY(loaded(1).state == ModelLoader::State::Here);
        const auto answer = loaded(10);
        QVERIFY(answer.state == ModelLoader::State::Failed);
        QVERIFY2(answer.problem->detail.find("conv_out.bias is not finite. Ask for less weight") !=
                     std::string::npos,
                 answer.problem->detail.c_str());
        QCOMPARE(answer.problem->field.value_or(""), "loras");
    }
};

QTEST_GUILESS_MAIN(LorasTest)
#include "test_loras.moc"
