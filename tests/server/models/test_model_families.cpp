// SPDX-License-Identifier: Apache-2.0
// Which family a model is of, and what its files tell of what it can do.
#include <QTest>

#include "tests/server/models/model_files.h"

using namespace easel;
using namespace easel::tests;

class TestModelFamilies : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void readsStableDiffusionXL() {
        const auto model = openFiles(sdxl());
        QVERIFY2(model, model ? "" : model.error().detail.c_str());
        QVERIFY(model->family == models::Family::StableDiffusionXL);
        QVERIFY(model->zerosForEmptyPrompt);
        QCOMPARE(model->texts.size(), std::size_t{2});
        QCOMPARE(model->texts[0].encoder.projectionDim, 0);
        QCOMPARE(model->texts[1].name, std::string("text_encoder_2"));
        QCOMPARE(model->texts[1].encoder.projectionDim, 1280);
        QVERIFY(model->texts[1].tokenizerFolder.filename() == "tokenizer_2");
        QCOMPARE(model->unet.additionWidth, 2816);
        QCOMPARE(model->unet.down[1].transformerDepth, 2);
        QCOMPARE(model->unet.up[0].transformerDepth, 10);
        QCOMPARE(model->unet.mid->transformerDepth, 10);
        QVERIFY(model->vae.forceUpcast);
        QCOMPARE(model->info.width, 1024);
    }

    void readsStableDiffusionXLsRefiner() {
        const auto model = openFiles(sdxlRefiner());
        QVERIFY2(model, model ? "" : model.error().detail.c_str());
        QVERIFY(model->family == models::Family::StableDiffusionXLRefiner);
        QVERIFY(!model->zerosForEmptyPrompt);
        QCOMPARE(model->texts.size(), std::size_t{1});
        QCOMPARE(model->texts[0].name, std::string("text_encoder_2"));
        QCOMPARE(model->unet.down[1].transformerDepth, 4);
    }

    void whatXLsUNetIsToldMustBeWhatItsPartsTell_data() {
        QTest::addColumn<QString>("key");
        QTest::addColumn<QJsonValue>("value");
        QTest::newRow("one number less") << "projection_class_embeddings_input_dim" << QJsonValue(2560);
        QTest::newRow("wider numbers") << "addition_time_embed_dim" << QJsonValue(128);
        QTest::newRow("nothing") << "addition_embed_type" << QJsonValue(QJsonValue::Null);
        QTest::newRow("one encoder's context") << "cross_attention_dim" << QJsonValue(1280);
    }

    void whatXLsUNetIsToldMustBeWhatItsPartsTell() {
        QFETCH(QString, key);
        QFETCH(QJsonValue, value);
        Files files = sdxl();
        files["unet/config.json"][key] = value;
        const auto model = openFiles(files);
        QVERIFY(!model);
        QVERIFY2(model.error().detail.find("go together") != std::string::npos, model.error().detail.c_str());
    }

    void theFamilyIsThatOfTheParts() {
        Files files = sdxl();
        files["model_index.json"]["_class_name"] = "StableDiffusionPipeline";
        const auto model = openFiles(files);
        QVERIFY2(model, model ? "" : model.error().detail.c_str());
        QVERIFY(model->family == models::Family::StableDiffusionXL);
    }

    void whatAModelCanDoIsToldByItsParts_data() {
        QTest::addColumn<bool>("isXL");
        QTest::addColumn<int>("channels");
        QTest::addColumn<QStringList>("operations");
        QTest::addColumn<double>("strength");
        QTest::newRow("plain") << false << 4 << QStringList{"text_to_image", "image_to_image", "inpaint"}
                               << 0.75;
        QTest::newRow("inpaint") << false << 9 << QStringList{"inpaint"} << 1.0;
        QTest::newRow("edit") << false << 8 << QStringList{"edit"} << 1.0;
        QTest::newRow("XL") << true << 4
                            << QStringList{"text_to_image", "image_to_image", "inpaint", "refine"} << 0.75;
        QTest::newRow("XL inpaint") << true << 9 << QStringList{"inpaint"} << 1.0;
    }

    void whatAModelCanDoIsToldByItsParts() {
        QFETCH(bool, isXL);
        QFETCH(int, channels);
        QFETCH(QStringList, operations);
        QFETCH(double, strength);
        Files files = isXL ? sdxl() : sd15();
        files["unet/config.json"]["in_channels"] = channels;
        const auto model = openFiles(files);
        QVERIFY2(model, model ? "" : model.error().detail.c_str());
        QStringList told;
        for (const std::string& operation : model->info.operations) {
            told.append(QString::fromStdString(operation));
        }
        QCOMPARE(told, operations);
        QCOMPARE(model->info.strength, strength);
    }

    void howAModelCanBeHurriedIsToldByItsParts() {
        using Names = std::vector<std::string>;
        const auto accelerations = [](const std::function<void(QJsonObject&)>& change) {
            Files files = sd15();
            change(files["unet/config.json"]);
            const auto model = openFiles(files);
            return model ? model->info.accelerations : Names{model.error().detail};
        };
        QCOMPARE(accelerations([](QJsonObject&) {}),
                 (Names{"guidance_interval", "deepcache", "token_merging"}));
        QCOMPARE(accelerations([](QJsonObject& unet) { unet["time_cond_proj_dim"] = 256; }),
                 (Names{"deepcache", "token_merging"}));
    }

    void stepsAndGuidanceAreToldByTheScheduler_data() {
        QTest::addColumn<QString>("scheduler");
        QTest::addColumn<QString>("spacing");
        QTest::addColumn<QString>("prediction");
        QTest::addColumn<int>("steps");
        QTest::addColumn<double>("guidance");
        const auto row = [](const char* scheduler, const char* spacing, const char* prediction, int steps,
                            double guidance) {
            QTest::addRow("%s %s %s", scheduler, spacing, prediction)
                << scheduler << spacing << prediction << steps << guidance;
        };
        row("EulerDiscreteScheduler", "leading", "epsilon", 25, 5);
        row("EulerAncestralDiscreteScheduler", "trailing", "epsilon", 1, 0);
        row("EulerDiscreteScheduler", "trailing", "epsilon", 1, 0);
        row("EulerDiscreteScheduler", "trailing", "v_prediction", 25, 5);
        row("DDIMScheduler", "trailing", "epsilon", 25, 5);
        row("LCMScheduler", "leading", "epsilon", 4, 1);
        row("TCDScheduler", "leading", "epsilon", 4, 1);
    }

    void stepsAndGuidanceAreToldByTheScheduler() {
        QFETCH(QString, scheduler);
        QFETCH(QString, spacing);
        QFETCH(QString, prediction);
        QFETCH(int, steps);
        QFETCH(double, guidance);
        Files files = sdxl();
        files["model_index.json"]["scheduler"] = QJsonArray{"diffusers", scheduler};
        QJsonObject& file = files["scheduler/scheduler_config.json"];
        file["_class_name"] = scheduler;
        file["timestep_spacing"] = spacing;
        file["prediction_type"] = prediction;
        const auto model = openFiles(files);
        QVERIFY2(model, model ? "" : model.error().detail.c_str());
        QCOMPARE(model->info.steps, steps);
        QCOMPARE(model->info.guidance, guidance);
    }

    void aModelThatWasTaughtTheGuidanceScaleTakesFewSteps() {
        Files files = sd15();
        files["unet/config.json"]["time_cond_proj_dim"] = 256;
        const auto model = openFiles(files);
        QVERIFY2(model, model ? "" : model.error().detail.c_str());
        QCOMPARE(model->unet.guidanceWidth, 256);
        QCOMPARE(model->info.steps, 4);
        QCOMPARE(model->info.guidance, 8.5);
    }
};

QTEST_GUILESS_MAIN(TestModelFamilies)
#include "test_model_families.moc"
