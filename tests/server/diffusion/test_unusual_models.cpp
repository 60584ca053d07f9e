// SPDX-License-Identifier: Apache-2.0
#include <QJsonArray>
#include <QTest>

#include <cstring>

#include "tests/server/diffusion/edited_model.h"
#include "tests/server/diffusion/one_model.h"
#include "tests/server/diffusion/small_drawing.h"

using namespace easel;
using namespace easel::tests;

/// Models that cannot be used, and those that can although they are odd.
class UnusualModelsTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void damagedModelsAreNamed_data();
    void damagedModelsAreNamed();
    void unusedTensorsThatOldFilesCarryAreAccepted();
    void idleTensorsArePassedOverWithANote_data();
    void idleTensorsArePassedOverWithANote();
    void aBlockThatTheConfigLeavesOutIsPassedOver();
    void weightsOfAVariantAreTold();
    void tensorsMayStandAtAnyAddress();
};

void UnusualModelsTest::damagedModelsAreNamed_data() {
    using Edit = std::function<void(QJsonObject&, QByteArray&)>;
    QTest::addColumn<QString>("file");
    QTest::addColumn<Edit>("edit");
    QTest::addColumn<QStringList>("words");
    const auto file = [](const std::string& name) { return QString::fromStdString(name); };

    QTest::newRow("missing, so another is unknown")
        << file(kUNet) << Edit([](QJsonObject& header, QByteArray&) {
               EditedModel::rename(header, "mid_block.resnets.0.conv1.weight",
                                   "mid_block.resnets.0.conv9.weight");
           })
        << QStringList{"unet/", "mid_block.resnets.0.conv1.weight", "[32, 32, 3, 3]", "missing"};
    QTest::newRow("unknown") << file(kUNet) << Edit([](QJsonObject& header, QByteArray& data) {
        header["added.weight"] = QJsonObject{{"dtype", "F32"},
                                             {"shape", QJsonArray{2}},
                                             {"data_offsets", QJsonArray{data.size(), data.size() + 8}}};
        data.append(8, '\0');
    }) << QStringList{"diffusion_pytorch_model.safetensors", "added.weight", "[2]", "no layer"};
    QTest::newRow("unknown, in the encoder") << file(kVae) << Edit([](QJsonObject& header, QByteArray&) {
        EditedModel::rename(header, "encoder.conv_in.bias", "encoder.conv_in.extra");
    }) << QStringList{"vae/", "encoder.conv_in.bias", "missing"};
    QTest::newRow("misshapen") << file(kText) << Edit([](QJsonObject& header, QByteArray&) {
        auto tensor = header["text_model.encoder.layers.1.mlp.fc1.weight"].toObject();
        tensor["shape"] = QJsonArray{32, 64};
        header["text_model.encoder.layers.1.mlp.fc1.weight"] = tensor;
    })
                               << QStringList{"text_encoder/model.safetensors",
                                              "text_model.encoder.layers.1.mlp.fc1.weight", "[32, 64]",
                                              "[64, 32]"};
    QTest::newRow("not a number") << file(kVae) << Edit([](QJsonObject& header, QByteArray& data) {
        const float nan = std::numeric_limits<float>::quiet_NaN();
        std::memcpy(data.data() + EditedModel::offsetOf(header, "decoder.conv_out.weight") + 8, &nan, 4);
    }) << QStringList{"vae/", "decoder.conv_out.weight", "[3, 8, 3, 3]", "not finite"};
    QTest::newRow("integers") << file(kVae) << Edit([](QJsonObject& header, QByteArray&) {
        auto tensor = header["decoder.conv_out.bias"].toObject();
        tensor["dtype"] = "I32";
        header["decoder.conv_out.bias"] = tensor;
    }) << QStringList{"vae/", "decoder.conv_out.bias", "I32"};
}

void UnusualModelsTest::damagedModelsAreNamed() {
    using Edit = std::function<void(QJsonObject&, QByteArray&)>;
    QFETCH(QString, file);
    QFETCH(Edit, edit);
    QFETCH(QStringList, words);
    EditedModel model("sd1-tiny");
    model.editTensors(file.toStdString(), edit);
    const std::string said = complaint(model.root());
    for (const QString& word : words) {
        QVERIFY2(said.find(word.toStdString()) != std::string::npos, said.c_str());
    }
}

void UnusualModelsTest::unusedTensorsThatOldFilesCarryAreAccepted() {
    EditedModel model("sd1-tiny");
    bool there = false;
    model.editTensors(kText, [&](QJsonObject& header, QByteArray&) {
        there = header.contains("text_model.embeddings.position_ids");
    });
    QVERIFY(there);
    QCOMPARE(complaint(model.root()), std::string());
}

void UnusualModelsTest::idleTensorsArePassedOverWithANote_data() {
    QTest::addColumn<QString>("file");
    QTest::addColumn<QString>("tensor");
    const auto row = [](const std::string& file, const char* tensor) {
        QTest::newRow(tensor) << QString::fromStdString(file) << QString(tensor);
    };
    row(kText, "logit_scale");
    row(kText, "text_projection.weight");
    row(kText, "vision_model.embeddings.class_embedding");
    row(kUNet, "num_updates");
    row(kUNet, "decay");
    row(kVae, "loss.logvar");
}

void UnusualModelsTest::idleTensorsArePassedOverWithANote() {
    QFETCH(QString, file);
    QFETCH(QString, tensor);
    const Drawn expected = draw(load(kFixtures + "models/sd1-tiny"), small());
    EditedModel model("sd1-tiny");
    model.editTensors(file.toStdString(), [&tensor](QJsonObject& header, QByteArray& data) {
        header[tensor] = QJsonObject{{"dtype", "I64"},
                                     {"shape", QJsonArray()},
                                     {"data_offsets", QJsonArray{data.size(), data.size() + 8}}};
        data.append(8, '\x7f');
    });
    auto engine = load(model.root());
    QCOMPARE(engine.notes().size(), std::size_t{1});
    const QString note = QString::fromStdString(engine.notes().front());
    QVERIFY2(note.contains(file) && note.contains(tensor), qPrintable(note));
    QVERIFY(draw(engine, small()).images == expected.images);
}

void UnusualModelsTest::aBlockThatTheConfigLeavesOutIsPassedOver() {
    EditedModel model("sd1-tiny");
    model.editJson("unet/config.json", [](QJsonObject& json) { json["mid_block_type"] = QJsonValue::Null; });
    auto engine = load(model.root());
    QCOMPARE(engine.notes().size(), std::size_t{1});
    QVERIFY2(engine.notes().front().find("mid_block.") != std::string::npos, engine.notes().front().c_str());
    const Drawn whole = draw(load(kFixtures + "models/sd1-tiny"), small());
    const Drawn cut = draw(engine, small());
    QVERIFY(!cut.problem);
    QVERIFY(cut.images != whole.images);
}

void UnusualModelsTest::weightsOfAVariantAreTold() {
    EditedModel model("sd1-tiny");
    auto variant = model.root() / kUNet;
    variant.replace_extension("bf16.safetensors");
    std::filesystem::rename(model.root() / kUNet, variant);
    auto engine = load(model.root());
    QCOMPARE(engine.notes().size(), std::size_t{1});
    QVERIFY2(engine.notes().front().starts_with(variant.string()), engine.notes().front().c_str());
}

void UnusualModelsTest::tensorsMayStandAtAnyAddress() {
    const Drawn expected = draw(load(kFixtures + "models/sd1-tiny"), small());
    EditedModel model("sd1-tiny");
    model.editTensors(
        kUNet, [](QJsonObject&, QByteArray&) {}, 3);
    const Drawn drawn = draw(load(model.root()), small());
    QCOMPARE(drawn.images.size(), std::size_t{1});
    QVERIFY(drawn.images == expected.images);
}

QTEST_GUILESS_MAIN(UnusualModelsTest)
#include "test_unusual_models.moc"
