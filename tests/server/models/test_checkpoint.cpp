// SPDX-License-Identifier: Apache-2.0
// Models that are one file: what is told by their tensors, what by the notes beside them, and what is
// missing.
#include <QTemporaryDir>
#include <QTest>

#include <algorithm>
#include <optional>

#include "server/models/checkpoint.h"
#include "server/models/model_folder.h"
#include "tests/server/models/small_model.h"

using namespace easel;
using namespace easel::tests;
using models::ModelFolder;
using models::PredictionType;

namespace {

using Tensors = QList<StoredTensor>;

/// One that is read, and not drawn with.
SmallModel small(const QString& name) {
    constexpr int kWords = 64;
    return SmallModel(name, kWords);
}

void dropBelow(Tensors& tensors, const QString& root) {
    tensors.removeIf([&root](const StoredTensor& tensor) { return tensor.name.startsWith(root); });
}

StoredTensor mark(const QString& name) {
    return {name, {1}, {1}};
}

QString why(const protocol::Expected<ModelFolder>& model) {
    return model ? "it is a model" : QString::fromStdString(model.error().detail);
}

}  // namespace

class TestCheckpoint : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() { m_dir.emplace(); }

    void configsAreThoseOfTheFolder_data() {
        QTest::addColumn<QString>("name");
        for (const char* const name : {"sd1", "sd2", "sdxl", "sdxl-refiner"}) {
            QTest::newRow(name) << name;
        }
    }

    void configsAreThoseOfTheFolder() {
        QFETCH(QString, name);
        const SmallModel model = small(name);
        model.writeFolder(m_dir->filePath("folder"));
        const auto folder = models::openModelFolder(m_dir->filePath("folder").toStdString());
        QVERIFY2(folder, qPrintable(why(folder)));
        const auto file = written(model.checkpoint());
        QVERIFY2(file, qPrintable(why(file)));
        QVERIFY(file->family == folder->family);
        QVERIFY(file->unet == folder->unet);
        QVERIFY(file->vae == folder->vae);
        QVERIFY(file->scheduler == folder->scheduler);
        QCOMPARE(file->zerosForEmptyPrompt, folder->zerosForEmptyPrompt);
        QCOMPARE(file->texts.size(), folder->texts.size());
        for (std::size_t i = 0; i < file->texts.size(); ++i) {
            QCOMPARE(file->texts[i].name, folder->texts[i].name);
            QVERIFY(file->texts[i].encoder == folder->texts[i].encoder);
            QVERIFY(file->texts[i].tokenizer == folder->texts[i].tokenizer);
            QVERIFY(file->texts[i].tokenizerFolder.empty());
        }
        QCOMPARE(file->info.id, std::string("model"));
        QCOMPARE(file->info.width, folder->info.width);
        QCOMPARE(models::countWeights(*file).value_or(0), models::countWeights(*folder).value_or(1));
    }

    void namesOfDiffusersInOneFile() {
        const SmallModel all = small("sd1");
        const auto model =
            written(all.part("unet", true) + all.part("vae", true) + all.part("text_encoder", true));
        QVERIFY2(model, qPrintable(why(model)));
        const auto original = written(all.checkpoint());
        QVERIFY(original && model->unet == original->unet && model->vae == original->vae);
    }

    /// transformers 5 leaves out a word that its predecessors wrote.
    void textEncodersOfEveryAge() {
        Tensors tensors = small("sd1").checkpoint();
        for (StoredTensor& tensor : tensors) {
            tensor.name.replace("cond_stage_model.transformer.text_model.", "cond_stage_model.transformer.");
        }
        const auto model = written(tensors);
        QVERIFY2(model, qPrintable(why(model)));
        QCOMPARE(model->texts.front().encoder.layers, 2);
    }

    void moreInputs_data() {
        QTest::addColumn<int>("channels");
        QTest::newRow("inpainting") << 9;
        QTest::newRow("edits") << 8;
    }

    void moreInputs() {
        QFETCH(int, channels);
        Tensors tensors = small("sd1").checkpoint();
        for (StoredTensor& tensor : tensors) {
            if (tensor.name == "model.diffusion_model.input_blocks.0.0.weight") {
                tensor.shape[1] = channels;
                tensor.numbers.resize(tensor.numbers.size() / 4 * std::size_t(channels));
            }
        }
        write(tensors);
        const auto checkpoint = models::readCheckpoint(file(), {});
        QVERIFY(checkpoint);
        QCOMPARE(checkpoint->unet.inChannels, channels);
        QCOMPARE(checkpoint->unet.outChannels, 4);
        QVERIFY(checkpoint->prediction.type == PredictionType::Epsilon);
    }

    void whatItPredicts_data() {
        QTest::addColumn<QString>("name");
        QTest::addColumn<float>("spread");
        QTest::addColumn<QStringList>("marks");
        QTest::addColumn<bool>("isV");
        QTest::addColumn<bool>("isZeroSnr");
        QTest::newRow("1.x") << "sd1" << 1.0F << QStringList{} << false << false;
        QTest::newRow("2.x that predicts noise") << "sd2" << 1.0F << QStringList{} << false << false;
        QTest::newRow("2.x that predicts v") << "sd2" << 2.0F << QStringList{} << true << false;
        QTest::newRow("marked") << "sd1" << 1.0F << QStringList{"v_pred"} << true << false;
        QTest::newRow("marked twice") << "sd1" << 1.0F << QStringList{"v_pred", "ztsnr"} << true << true;
        QTest::newRow("a mark for nothing") << "sd1" << 1.0F << QStringList{"ztsnr"} << false << false;
    }

    void whatItPredicts() {
        QFETCH(QString, name);
        QFETCH(float, spread);
        QFETCH(QStringList, marks);
        QFETCH(bool, isV);
        QFETCH(bool, isZeroSnr);
        Tensors tensors = small(name).checkpoint();
        for (StoredTensor& tensor : tensors) {
            if (tensor.name == "model.diffusion_model.output_blocks.3.1.transformer_blocks.0.norm1.bias") {
                std::ranges::transform(tensor.numbers, tensor.numbers.begin(),
                                       [spread](float number) { return spread * number; });
            }
        }
        for (const QString& each : marks) {
            tensors += mark(each);
        }
        const auto model = written(tensors);
        QVERIFY2(model, qPrintable(why(model)));
        QVERIFY((model->scheduler.prediction == PredictionType::VPrediction) == isV);
        QCOMPARE(model->scheduler.rescaleBetasZeroSnr.value_or(false), isZeroSnr);
        QCOMPARE(model->unet.sampleSize, isV && name == "sd2" ? 96 : 64);
    }

    void notesHaveTheLastWord() {
        writeJson(m_dir->filePath("model.easel.json"),
                  {{"prediction_type", "v_prediction"}, {"title", "My model"}, {"id", "mine"}, {"steps", 7}});
        const auto model = written(small("sd1").checkpoint());
        QVERIFY2(model, qPrintable(why(model)));
        QVERIFY(model->scheduler.prediction == PredictionType::VPrediction);
        QCOMPARE(model->info.title, std::string("My model"));
        QCOMPARE(model->info.id, std::string("mine"));
        QCOMPARE(model->info.steps, 7);
        writeJson(m_dir->filePath("model.easel.json"), {{"prediction_type", "sample"}});
        QVERIFY(
            why(open()).contains("\"prediction_type\": \"sample\" can be \"epsilon\" or \"v_prediction\""));
    }

    void whatIsMissingIsTold_data() {
        QTest::addColumn<QStringList>("dropped");
        QTest::addColumn<QStringList>("words");
        QTest::newRow("VAE") << QStringList{"first_stage_model."}
                             << QStringList{"lacks its VAE.", "model.easel.json", "\"vae\"", "\"base\""};
        QTest::newRow("text encoder")
            << QStringList{"cond_stage_model."} << QStringList{"lacks its text encoder.", "\"base\""};
        QTest::newRow("all but the UNet") << QStringList{"cond_stage_model.", "first_stage_model."}
                                          << QStringList{"lacks its text encoder and its VAE."};
        QTest::newRow("a layer") << QStringList{"model.diffusion_model.time_embed",
                                                "model.diffusion_model.out.2"}
                                 << QStringList{"conv_out.weight is missing"};
    }

    void whatIsMissingIsTold() {
        QFETCH(QStringList, dropped);
        QFETCH(QStringList, words);
        Tensors tensors = small("sd1").checkpoint();
        for (const QString& root : dropped) {
            dropBelow(tensors, root);
        }
        const QString said = why(written(tensors));
        for (const QString& word : words) {
            QVERIFY2(said.contains(word), qPrintable(said));
        }
    }

    void whatIsMissingIsTakenFromElsewhere() {
        const Tensors all = small("sd1").checkpoint();
        writeTensors(m_dir->filePath("whole.safetensors"), all);
        Tensors vae = all;
        vae.removeIf(
            [](const StoredTensor& tensor) { return !tensor.name.startsWith("first_stage_model."); });
        for (StoredTensor& tensor : vae) {
            tensor.name.remove("first_stage_model.");
        }
        writeTensors(m_dir->filePath("vae.safetensors"), vae);
        Tensors tensors = all;
        dropBelow(tensors, "first_stage_model.");
        write(tensors);
        for (const auto& [key, place] :
             {std::pair{"vae", "vae.safetensors"}, {"base", "whole.safetensors"}}) {
            writeJson(m_dir->filePath("model.easel.json"), {{key, place}});
            const auto model = open();
            QVERIFY2(model, qPrintable(why(model)));
            const auto source = models::openWeights(*model, "vae");
            QVERIFY(source && source->find("decoder.conv_in.weight"));
            QCOMPARE(source->files().front().path.filename().string(), std::string(place));
        }
        dropBelow(tensors, "cond_stage_model.");
        write(tensors);
        const auto model = open();
        QVERIFY2(model, qPrintable(why(model)));
        QCOMPARE(model->texts.size(), std::size_t{1});
        // One that lacks something itself is no base, nor is the model its own.
        writeJson(m_dir->filePath("model.easel.json"), {{"base", "model.safetensors"}});
        QVERIFY2(why(open()).contains("name one that is whole"), qPrintable(why(open())));
        writeJson(m_dir->filePath("model.easel.json"), {{"base", "vae.safetensors"}});
        QVERIFY2(why(open()).contains("This is a VAE"), qPrintable(why(open())));
    }

    void aTinyVaeIsNamedInTheNotes() {
        const auto without = written(small("sd1").checkpoint());
        QVERIFY(without && !models::hasTinyVae(*without));
        QVERIFY(QFile::copy(EASEL_SOURCE_DIR "/tests/fixtures/tiny_vae/taesd/taesd_decoder.safetensors",
                            m_dir->filePath("taesd.safetensors")));
        writeJson(m_dir->filePath("model.easel.json"), {{"tiny_vae", "taesd.safetensors"}});
        const auto model = open();
        QVERIFY2(model && models::hasTinyVae(*model), qPrintable(why(model)));
        QVERIFY(models::openWeights(*model, models::kTinyVae)->find("decoder.layers.0.weight"));
    }

    void whatIsNoModel_data() {
        QTest::addColumn<QString>("tensor");
        QTest::addColumn<QString>("said");
        QTest::newRow("LoRA") << "lora_unet_x.lora_down.weight"
                              << "This is a LoRA, not a model";
        QTest::newRow("VAE") << "decoder.mid.block_1.norm1.weight"
                             << "This is a VAE";
        QTest::newRow("SD3") << "model.diffusion_model.joint_blocks.0.x"
                             << "Stable Diffusion 3 model";
        QTest::newRow("unknown") << "x.y"
                                 << "This is nothing that Easel knows";
    }

    void whatIsNoModel() {
        QFETCH(QString, tensor);
        QFETCH(QString, said);
        const QString answer =
            why(written({{tensor, {1, 32}, Numbers(32)}, {"conv", {1, 2, 3, 3}, Numbers(18)}}));
        QVERIFY2(answer.contains(said), qPrintable(answer));
    }

    void playgroundsLatentsAreOther() {
        const QString said = why(written(small("sd1").checkpoint() + Tensors{mark("edm_mean")}));
        QVERIFY2(said.contains("Playground 2.5"), qPrintable(said));
    }

    void picklesAreRefused() {
        writeFile(m_dir->filePath("model.ckpt"), "PK");
        const auto model = models::openModelFolder(m_dir->filePath("model.ckpt").toStdString());
        QVERIFY2(why(model).contains("safetensors.torch.save_file"), qPrintable(why(model)));
    }

    void runningAverages() {
        Tensors tensors = small("sd1").checkpoint();
        QVERIFY(written(tensors));
        writeJson(m_dir->filePath("model.easel.json"), {{"ema", true}});
        QVERIFY2(weightOf("conv_in.bias") == std::nullopt, "there is none yet");
        for (const StoredTensor& tensor : Tensors(tensors)) {
            if (tensor.name.startsWith("model.diffusion_model.")) {
                QString name = tensor.name.mid(6);
                tensors +=
                    {"model_ema." + name.remove('.'), tensor.shape, Numbers(tensor.numbers.size(), 0.5F)};
            }
        }
        write(tensors);
        QCOMPARE(weightOf("conv_in.bias"), std::optional(0.5F));
        writeJson(m_dir->filePath("model.easel.json"), {});
        QVERIFY(weightOf("conv_in.bias") != std::optional(0.5F));
    }

    /// A prompt's chunk has BOS, a token and EOS at least.
    void textEncodersWithoutRoomAreRefused() {
        for (const int places : {1, 2, 3}) {
            Tensors tensors = small("sd1").checkpoint();
            for (StoredTensor& tensor : tensors) {
                if (tensor.name.endsWith("position_embedding.weight")) {
                    tensor.numbers.resize(tensor.numbers.size() / std::size_t(tensor.shape[0]) *
                                          std::size_t(places));
                    tensor.shape[0] = places;
                }
            }
            const auto model = written(tensors);
            QCOMPARE(model.has_value(), places == 3);
            if (model) {
                QCOMPARE(model->texts.front().tokenizer.maxLength, 3);
            } else {
                QVERIFY2(why(model).contains("too few for BOS, a token and EOS"), qPrintable(why(model)));
            }
        }
    }

    void scalesOfOtherKindsAreRefused() {
        const Tensors tensors = small("sd1").checkpoint();
        const QString name = "model.diffusion_model.input_blocks.1.1.proj_in.scale_weight";
        QVERIFY(written(tensors + Tensors{{name, {1}, {0.5F}}}));
        const auto said = [&](const StoredTensor& scale) { return why(written(tensors + Tensors{scale})); };
        const StoredTensor two{name, {2}, {0.5F, 0.25F}};
        QVERIFY2(said(two).contains("proj_in.scale_weight is not one number"), qPrintable(said(two)));
        for (const char* const dtype : {"F32", "F16", "F8_E5M2", "F8_E4M3"}) {
            const StoredTensor none{name, {1}, {HUGE_VALF}, dtype};
            QVERIFY2(said(none).contains("proj_in.scale_weight is not a finite number"),
                     qPrintable(said(none)));
        }
        const StoredTensor stray{"model.diffusion_model.input_blocks.1.1.proj_on.weight_scale", {}, {2}};
        QVERIFY2(said(stray).contains("proj_on.weight_scale belongs to no weight"), qPrintable(said(stray)));
    }

private:
    std::filesystem::path file() const { return m_dir->filePath("model.safetensors").toStdString(); }
    void write(const Tensors& tensors) const { writeTensors(m_dir->filePath("model.safetensors"), tensors); }
    protocol::Expected<ModelFolder> open() const { return models::openModelFolder(file()); }
    protocol::Expected<ModelFolder> written(const Tensors& tensors) const {
        write(tensors);
        return open();
    }
    /// The first number of one of the UNet's tensors.
    std::optional<float> weightOf(const char* name) const {
        const auto model = open();
        const auto source = model ? models::openWeights(*model, "unet") : tl::unexpected(model.error());
        const auto* const tensor = source ? source->find(name) : nullptr;
        if (tensor == nullptr) {
            return std::nullopt;
        }
        float number = 0;
        std::memcpy(&number, tensor->data.data(), sizeof number);
        return number;
    }

    std::optional<QTemporaryDir> m_dir;
};

QTEST_GUILESS_MAIN(TestCheckpoint)
#include "test_checkpoint.moc"
