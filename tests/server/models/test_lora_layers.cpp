// SPDX-License-Identifier: Apache-2.0
// The layers that LoRAs change: their names in every style, their blocks, and what is not there.
#include <QTest>
#include <numeric>

#include "server/models/files/tensor_source.h"
#include "server/models/lora/lora_keys.h"
#include "server/models/lora/lora_match.h"
#include "server/models/lora/original_names.h"
#include "tests/server/models/made_lora.h"

using namespace easel;
using namespace easel::tests;
using models::LoraFile;
using models::LoraNetwork;
using models::LoraRole;
using models::LoraTargets;
using models::LoraUse;

namespace {

const std::string kFixtures = EASEL_SOURCE_DIR "/tests/fixtures/";

/// Layers as diffusers names those of a UNet: of each level, whether it has attention.
std::vector<models::NamedShape> unetOf(const std::vector<bool>& attention) {
    std::vector<models::NamedShape> tensors;
    const auto add = [&tensors](const QString& path, const Shape& shape) {
        tensors.push_back({path.toStdString() + ".weight", shape});
    };
    const auto level = [&](const QString& block, int layers, bool hasAttention) {
        for (int i = 0; i < layers; ++i) {
            add(QString("%1.resnets.%2.conv1").arg(block).arg(i), {8, 8, 3, 3});
            if (hasAttention) {
                add(QString("%1.attentions.%2.transformer_blocks.0.attn2.to_k").arg(block).arg(i), {8, 16});
                add(QString("%1.attentions.%2.transformer_blocks.0.attn1.to_out.0").arg(block).arg(i),
                    {8, 8});
            }
        }
    };
    add("conv_in", {8, 4, 3, 3});
    add("conv_out", {4, 8, 3, 3});
    add("time_embedding.linear_1", {32, 8});
    const auto levels = static_cast<int>(attention.size());
    for (int i = 0; i < levels; ++i) {
        level(QString("down_blocks.%1").arg(i), 2, attention[static_cast<std::size_t>(i)]);
        level(QString("up_blocks.%1").arg(i), 3, attention[static_cast<std::size_t>(levels - 1 - i)]);
        if (i + 1 < levels) {
            add(QString("down_blocks.%1.downsamplers.0.conv").arg(i), {8, 8, 3, 3});
            add(QString("up_blocks.%1.upsamplers.0.conv").arg(i), {8, 8, 3, 3});
        }
    }
    level("mid_block", 2, false);
    add("mid_block.attentions.0.proj_in", {8, 8, 1, 1});
    return tensors;
}

const std::vector<bool> kLikeOne{true, true, true, false};
const std::vector<bool> kLikeXl{false, true, true};

std::vector<models::NamedShape> text() {
    return {{"text_model.encoder.layers.0.self_attn.q_proj.weight", {8, 8}},
            {"text_model.embeddings.token_embedding.weight", {100, 8}},
            {"text_model.final_layer_norm.weight", {8}}};
}

models::LoraTargetsOfModel modelLikeOne() {
    return {LoraTargets::ofUNet(unetOf(kLikeOne)), {LoraTargets::ofText(text())}};
}

protocol::Expected<std::vector<std::string>> layersThat(const protocol::Expected<LoraFile>& file,
                                                        const models::LoraTargetsOfModel& model,
                                                        const LoraUse& use = {}) {
    if (!file) {
        return tl::unexpected(file.error());
    }
    const std::vector<std::shared_ptr<const LoraFile>> files{
        std::shared_ptr<const LoraFile>(&*file, [](const LoraFile*) {})};
    return models::matchLoras(files, std::span(&use, 1), model).map([](const models::MatchedLoras& matched) {
        std::vector<std::string> layers;
        for (const auto& [path, layer] : matched.unet.layers) {
            layers.push_back(path);
        }
        for (const auto& [path, layer] : matched.texts.front().layers) {
            layers.push_back("text: " + path);
        }
        return layers;
    });
}

}  // namespace

class TestLoraLayers : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void namesOfEveryStyle_data() {
        QTest::addColumn<QByteArray>("layer");
        QTest::addColumn<QByteArray>("down");
        QTest::addColumn<QByteArray>("up");
        QTest::addColumn<QString>("expected");
        const QString out = "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_out.0";
        const QString query = "text: text_model.encoder.layers.0.self_attn.q_proj";
        const QByteArray path = "down_blocks.1.attentions.0.transformer_blocks.0.attn1.";
        const auto row = [](const char* name, const QByteArray& layer, const QByteArray& down,
                            const QByteArray& up, const QString& expected) {
            QTest::newRow(name) << layer << down << up << expected;
        };
        row("kohya", "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_out_0",
            ".lora_down.weight", ".lora_up.weight", out);
        row("kohya, the original code's names",
            "lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_out_0", ".lora_down.weight",
            ".lora_up.weight", out);
        row("PEFT", "unet." + path + "to_out.0", ".lora_A.weight", ".lora_B.weight", out);
        row("PEFT, an adapter's name", "unet." + path + "to_out.0", ".lora_A.default_0.weight",
            ".lora_B.default_0.weight", out);
        row("PEFT's own", "base_model.model." + path + "to_out.0", ".lora_A.weight", ".lora_B.weight", out);
        row("a checkpoint's", "diffusion_model.input_blocks.4.1.transformer_blocks.0.attn1.to_out.0",
            ".lora_A.weight", ".lora_B.weight", out);
        row("diffusers of 2022", path + "processor.to_out_lora", ".down.weight", ".up.weight", out);
        row("diffusers of 2023", "unet." + path + "processor.to_out_lora", ".down.weight", ".up.weight", out);
        row("diffusers, layers", "unet." + path + "to_out.0.lora", ".down.weight", ".up.weight", out);
        row("diffusers, linear layers", "unet." + path + "to_out.0.lora_linear_layer", ".down.weight",
            ".up.weight", out);
        row("text, kohya", "lora_te_text_model_encoder_layers_0_self_attn_q_proj", ".lora_down.weight",
            ".lora_up.weight", query);
        row("text, kohya's first", "lora_te1_text_model_encoder_layers_0_self_attn_q_proj",
            ".lora_down.weight", ".lora_up.weight", query);
        row("text, PEFT", "text_encoder.text_model.encoder.layers.0.self_attn.q_proj", ".lora_A.weight",
            ".lora_B.weight", query);
        row("text, without its prefix", "text_encoder.encoder.layers.0.self_attn.q_proj", ".lora_A.weight",
            ".lora_B.weight", query);
        row("text, PEFT's own", "base_model.model.text_model.encoder.layers.0.self_attn.q_proj",
            ".lora_A.weight", ".lora_B.weight", query);
        row("text, diffusers of 2023", "text_encoder.text_model.encoder.layers.0.self_attn.to_q_lora",
            ".down.weight", ".up.weight", query);
    }

    void namesOfEveryStyle() {
        QFETCH(QByteArray, layer);
        QFETCH(QByteArray, down);
        QFETCH(QByteArray, up);
        QFETCH(QString, expected);
        const MadeLora made(factors(layer, down, up, 8, 8));
        const auto file = made.open();
        QVERIFY2(file, qPrintable(messageOf(file)));
        const auto layers = layersThat(file, modelLikeOne());
        QVERIFY2(layers, qPrintable(messageOf(layers)));
        QCOMPARE(*layers, std::vector<std::string>{expected.toStdString()});
    }

    void theOriginalCodesNames_data() {
        QTest::addColumn<bool>("isXl");
        QTest::addColumn<std::string>("path");
        QTest::addColumn<std::string>("original");
        const auto row = [](bool isXl, const char* path, const char* original) {
            QTest::addRow("%s %s", isXl ? "xl" : "one", path)
                << isXl << std::string(path) << std::string(original);
        };
        row(false, "conv_in", "input_blocks.0.0");
        row(false, "conv_out", "out.2");
        row(false, "time_embedding.linear_1", "time_embed.0");
        row(false, "down_blocks.0.resnets.1.conv1", "input_blocks.2.0.in_layers.2");
        row(false, "down_blocks.0.downsamplers.0.conv", "input_blocks.3.0.op");
        row(false, "down_blocks.2.attentions.1.proj_in", "input_blocks.8.1.proj_in");
        row(false, "down_blocks.3.resnets.1.conv2", "input_blocks.11.0.out_layers.3");
        row(false, "mid_block.resnets.0.time_emb_proj", "middle_block.0.emb_layers.1");
        row(false, "mid_block.attentions.0.proj_in", "middle_block.1.proj_in");
        row(false, "mid_block.resnets.1.norm1", "middle_block.2.in_layers.0");
        row(false, "up_blocks.0.resnets.2.conv_shortcut", "output_blocks.2.0.skip_connection");
        row(false, "up_blocks.0.upsamplers.0.conv", "output_blocks.2.1.conv");
        row(false, "up_blocks.1.upsamplers.0.conv", "output_blocks.5.2.conv");
        row(false, "up_blocks.3.attentions.2.proj_out", "output_blocks.11.1.proj_out");
        row(true, "down_blocks.1.attentions.0.proj_in", "input_blocks.4.1.proj_in");
        row(true, "down_blocks.2.attentions.1.proj_in", "input_blocks.8.1.proj_in");
        row(true, "up_blocks.0.attentions.2.proj_in", "output_blocks.2.1.proj_in");
        row(true, "up_blocks.0.upsamplers.0.conv", "output_blocks.2.2.conv");
        row(true, "up_blocks.2.resnets.0.conv1", "output_blocks.6.0.in_layers.2");
        row(true, "add_embedding.linear_2", "label_emb.0.2");
        row(true, "nothing.known", "");
        row(true, "down_blocks.x.conv", "");
    }

    void theOriginalCodesNames() {
        QFETCH(bool, isXl);
        QFETCH(std::string, path);
        QFETCH(std::string, original);
        std::vector<std::string> paths;
        for (const auto& tensor : unetOf(isXl ? kLikeXl : kLikeOne)) {
            paths.push_back(tensor.name.substr(0, tensor.name.size() - std::strlen(".weight")));
        }
        QCOMPARE(models::OriginalNames(paths).original(path), original);
    }

    void layersThatAreNotThereAreListed() {
        auto tensors =
            factors("lora_unet_input_blocks_4_1_nowhere", ".lora_down.weight", ".lora_up.weight", 8, 2048);
        for (int i = 0; i < 9; ++i) {
            const auto more = factors(
                "lora_unet_output_blocks_" + QByteArray::number(i) + "_1_transformer_blocks_9_attn2_to_k",
                ".lora_down.weight", ".lora_up.weight", 8, 2048);
            tensors.insert(tensors.end(), more.begin(), more.end());
        }
        const auto file = MadeLora(tensors).open();
        QVERIFY2(file, qPrintable(messageOf(file)));
        const auto layers = layersThat(file, modelLikeOne());
        QVERIFY(!layers);
        QCOMPARE(layers.error().status, 422);
        QCOMPARE(layers.error().field.value_or(""), "loras");
        const QString message = messageOf(layers);
        QVERIFY2(message.contains(
                     "10 of its 10 layers are not in this model: lora_unet_input_blocks_4_1_nowhere, "),
                 qPrintable(message));
        QVERIFY2(message.contains("and 6 more"), qPrintable(message));
        QVERIFY2(message.contains("Stable Diffusion XL"), qPrintable(message));
    }

    void anotherShapeIsRefused() {
        const auto file =
            MadeLora(factors("lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k",
                             ".lora_down.weight", ".lora_up.weight", 8, 768))
                .open();
        QVERIFY2(file, qPrintable(messageOf(file)));
        const auto layers = layersThat(file, modelLikeOne());
        QVERIFY(!layers);
        QVERIFY2(messageOf(layers).contains("another shape"), qPrintable(messageOf(layers)));
        QVERIFY2(messageOf(layers).contains("Stable Diffusion 1."), qPrintable(messageOf(layers)));
    }

    void aSecondTextEncoderIsNotEverywhere() {
        const auto file = MadeLora(factors("lora_te2_text_model_encoder_layers_0_self_attn_q_proj",
                                           ".lora_down.weight", ".lora_up.weight", 8, 8))
                              .open();
        QVERIFY2(file, qPrintable(messageOf(file)));
        QVERIFY(!layersThat(file, modelLikeOne()));
        auto two = modelLikeOne();
        two.texts.push_back(LoraTargets::ofText(text()));
        QVERIFY(layersThat(file, two));
    }

    void blocksAreWeighed() {
        const LoraTargets one = LoraTargets::ofUNet(unetOf(kLikeOne));
        const LoraTargets xl = LoraTargets::ofUNet(unetOf(kLikeXl));
        QCOMPARE(one.blocks(), std::size_t{25});
        QCOMPARE(xl.blocks(), std::size_t{19});
        for (const std::size_t size : {0, 3, 17, 26}) {
            QVERIFY(models::blockWeights(std::vector<double>(size, 0.5), one));
        }
        for (const std::size_t size : {3, 12, 20}) {
            QVERIFY(models::blockWeights(std::vector<double>(size, 0.5), xl));
        }
        for (const std::size_t size : {1, 2, 4, 12, 18, 25, 27}) {
            const auto weights = models::blockWeights(std::vector<double>(size, 0.5), one);
            QVERIFY(!weights);
            QVERIFY(messageOf(weights).contains("17") && messageOf(weights).contains("26"));
        }
        std::vector<double> short17(17);
        std::iota(short17.begin(), short17.end(), 100);
        const auto weights = *models::blockWeights(short17, one);
        const auto of = [&](const std::string& layer) { return weights[one.find(layer)->block]; };
        QCOMPARE(of("conv_in"), 100.0);
        QCOMPARE(of("down_blocks_0_resnets_0_conv1"), 101.0);                                   // IN01
        QCOMPARE(of("down_blocks_0_downsamplers_0_conv"), 100.0);                               // IN03
        QCOMPARE(of("down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_out_0"), 103.0);  // IN04
        QCOMPARE(of("mid_block_attentions_0_proj_in"), 107.0);                                  // MID
        QCOMPARE(of("up_blocks_1_resnets_0_conv1"), 108.0);                                     // OUT03
        QCOMPARE(of("up_blocks_3_resnets_2_conv1"), 116.0);                                     // OUT11
        QCOMPARE(of("time_embedding_linear_1"), 100.0);
        const auto three = *models::blockWeights(std::vector<double>{1, 2, 3}, one);
        QCOMPARE(three[one.find("down_blocks_3_resnets_1_conv1")->block], 1.0);
        QCOMPARE(three[one.find("mid_block_resnets_0_conv1")->block], 2.0);
        QCOMPARE(three[one.find("up_blocks_0_resnets_0_conv1")->block], 3.0);
        QCOMPARE(three[one.find("time_embedding_linear_1")->block], 1.0);
    }

    void whatCountsNothingIsLeftOut() {
        auto tensors = factors("lora_unet_conv_in", ".lora_down.weight", ".lora_up.weight", 8, 36);
        tensors[0].second = {2, 4, 3, 3};
        const auto more = factors("lora_te_text_model_encoder_layers_0_self_attn_q_proj", ".lora_down.weight",
                                  ".lora_up.weight", 8, 8);
        tensors.insert(tensors.end(), more.begin(), more.end());
        const auto file = MadeLora(tensors).open();
        QCOMPARE(layersThat(file, modelLikeOne())->size(), std::size_t{2});
        QCOMPARE(*layersThat(file, modelLikeOne(), {.textWeight = 0}), std::vector<std::string>{"conv_in"});
        QCOMPARE(layersThat(file, modelLikeOne(), {.weight = 0})->size(), std::size_t{1});
    }

    void everyFixtureFitsItsModel_data() {
        QTest::addColumn<QString>("name");
        for (const auto& entry : std::filesystem::directory_iterator(kFixtures + "loras")) {
            if (entry.path().stem() != "expected") {
                QTest::newRow(entry.path().stem().c_str()) << QString::fromStdString(entry.path().string());
            }
        }
    }

    void everyFixtureFitsItsModel() {
        QFETCH(QString, name);
        const auto shapesIn = [](const std::string& folder, models::WeightNaming naming) {
            const auto source = models::TensorSource::open(kFixtures + "models/sd1-tiny/" + folder, naming);
            std::vector<models::NamedShape> shapes;
            for (const auto& file : source->files()) {
                for (const auto& tensor : file.tensors) {
                    shapes.push_back({tensor.name, tensor.shape});
                }
            }
            return shapes;
        };
        const models::LoraTargetsOfModel model{
            LoraTargets::ofUNet(shapesIn("unet", models::WeightNaming::Diffusers)),
            {LoraTargets::ofText(shapesIn("text_encoder", models::WeightNaming::Transformers))}};
        const auto file = LoraFile::open(name.toStdString());
        QVERIFY2(file, qPrintable(messageOf(file)));
        const auto layers = layersThat(file, model);
        QVERIFY2(layers, qPrintable(messageOf(layers)));
        QCOMPARE(layers->size(), file->modules().size());
    }
};

QTEST_GUILESS_MAIN(TestLoraLayers)
#include "test_lora_layers.moc"
