// SPDX-License-Identifier: Apache-2.0
// The names of tensors, held against diffusers' own converters by tests/reference/checkpoints.py.
#include <QRegularExpression>
#include <QTest>

#include "server/models/checkpoints/parts.h"
#include "tests/server/models/small_model.h"

using namespace easel;
using namespace easel::tests;
using models::TensorEntry;

namespace {

TensorEntry entry(const QString& name, const QList<int>& shape) {
    return {name.toStdString(), models::DType::F32, {shape.begin(), shape.end()}, {}};
}

/// The tensors of a checkpoint, without their numbers.
std::vector<TensorEntry> entriesOf(const SmallModel& model, const QString& before = {}) {
    std::vector<TensorEntry> entries;
    for (const auto& row : model.rows()) {
        if (!row.storedName.contains(".in_proj_") || row.name.contains("q_proj")) {
            entries.push_back(entry(before + row.storedName, row.storedShape));
        }
    }
    return entries;
}

QStringList namesIn(const models::SortedTensors& sorted) {
    QStringList names;
    for (const auto& [part, tensors] : sorted.parts) {
        for (const TensorEntry& tensor : tensors) {
            QStringList shape;
            for (const auto extent : tensor.shape) {
                shape += QString::number(extent);
            }
            names += QString::fromStdString(part + ' ' + tensor.name + ' ') + shape.join('x');
        }
    }
    names.sort();
    return names;
}

QStringList expectedNames(const SmallModel& model) {
    QStringList names;
    for (const auto& row : model.rows()) {
        QStringList shape;
        for (const int extent : row.shape) {
            shape += QString::number(extent);
        }
        names += row.part + ' ' + row.name + ' ' + shape.join('x');
    }
    names.sort();
    return names;
}

QStringList sortedNames(const std::vector<TensorEntry>& entries) {
    const auto sorted = models::sortTensors("x.safetensors", entries, false);
    return sorted ? namesIn(*sorted) : QStringList{QString::fromStdString(sorted.error().detail)};
}

}  // namespace

class TestCheckpointNames : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void areDiffusersNames_data() {
        QTest::addColumn<QString>("name");
        for (const char* const name : {"sd1", "sd2", "sdxl", "sdxl-refiner"}) {
            QTest::newRow(name) << name;
        }
    }

    void areDiffusersNames() {
        QFETCH(QString, name);
        const SmallModel model(name);
        QVERIFY(model.rows().size() > 400);
        QCOMPARE(sortedNames(entriesOf(model)), expectedNames(model));
        QCOMPARE(sortedNames(entriesOf(model, "state_dict.")), expectedNames(model));
    }

    /// In the file, and no part of drawing: nothing of it is a part's.
    void whatElseFilesCarryIsLeftOut() {
        const SmallModel model("sd2");
        auto entries = entriesOf(model);
        for (const char* const name :
             {"cond_stage_model.model.transformer.resblocks.23.ln_1.weight",
              "cond_stage_model.model.transformer.resblocks.23.attn.in_proj_weight", "betas",
              "alphas_cumprod", "model_ema.decay", "model_ema.num_updates",
              "model.diffusion_model.scaled_fp8", "cond_stage_model.model.attn_mask"}) {
            entries.push_back(entry(name, {3}));
        }
        QCOMPARE(sortedNames(entries), expectedNames(model));
    }

    /// What has no place keeps its name, so that whoever loads the part can name it.
    void unknownNamesStay() {
        for (const char* const name :
             {"input_blocks.1.0.in_layers.1.weight", "middle_block.7.x", "output_blocks.x", "input_blocks.",
              "time_embed.1.bias", "output_blocks.0.3.weight", "input_blocks.99999999999.0.op.weight"}) {
            auto entries = entriesOf(SmallModel("sd1"));
            entries.push_back(entry(QString("model.diffusion_model.") + name, {1}));
            QVERIFY2(sortedNames(entries).contains(QString("unet %1 1").arg(name)), name);
        }
    }

    void partsOnTheirOwn_data() {
        QTest::addColumn<QString>("root");
        QTest::addColumn<QString>("part");
        QTest::newRow("a VAE") << "first_stage_model."
                               << "vae";
        QTest::newRow("a UNet") << "model.diffusion_model."
                                << "unet";
        QTest::newRow("a text encoder") << "cond_stage_model.transformer."
                                        << "text_encoder";
    }

    /// Files of one part have its names without anything before them.
    void partsOnTheirOwn() {
        QFETCH(QString, root);
        QFETCH(QString, part);
        const SmallModel model("sd1");
        std::vector<TensorEntry> entries;
        QStringList expected;
        for (const auto& row : model.rows()) {
            if (row.part == part) {
                entries.push_back(entry(row.storedName.mid(root.size()), row.storedShape));
            }
        }
        QCOMPARE(sortedNames(entries), expectedNames(model).filter(QRegularExpression('^' + part + ' ')));
    }

    /// Its way down is a UNet's, and what it has beside that is where the specification of the format has it.
    void aControlNet() {
        const SmallModel model("sd1");
        std::vector<TensorEntry> entries;
        for (const auto& row : model.rows()) {
            if (row.storedName.startsWith("model.diffusion_model.input_blocks.")) {
                entries.push_back(
                    entry(QString(row.storedName).replace("model.diffusion_model.", "control_model."),
                          row.storedShape));
            }
        }
        const QList<std::pair<QString, QString>> own{
            {"input_hint_block.0.weight", "controlnet_cond_embedding.conv_in.weight"},
            {"input_hint_block.2.weight", "controlnet_cond_embedding.blocks.0.weight"},
            {"input_hint_block.12.bias", "controlnet_cond_embedding.blocks.5.bias"},
            {"input_hint_block.14.weight", "controlnet_cond_embedding.conv_out.weight"},
            {"zero_convs.0.0.weight", "controlnet_down_blocks.0.weight"},
            {"zero_convs.11.0.bias", "controlnet_down_blocks.11.bias"},
            {"middle_block_out.0.weight", "controlnet_mid_block.weight"}};
        for (const auto& [stored, name] : own) {
            entries.push_back(entry("control_model." + stored, {1}));
        }
        const QStringList names = sortedNames(entries);
        for (const auto& [stored, name] : own) {
            QVERIFY2(names.contains("controlnet " + name + " 1"), qPrintable(names.join('\n')));
        }
        QVERIFY(names.contains("controlnet conv_in.weight 32x4x3x3"));
    }
};

QTEST_GUILESS_MAIN(TestCheckpointNames)
#include "test_checkpoint_names.moc"
