// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <QTest>

#include "tests/server/models/model_files.h"

using namespace easel;
using namespace easel::tests;

class TestModelFolder : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void readsStableDiffusion15() {
        const auto model = openFiles(sd15());
        QVERIFY2(model, model ? "" : model.error().detail.c_str());
        QCOMPARE(model->unet.down.size(), std::size_t{4});
        QVERIFY((model->unet.down[1] == models::UNetBlock{640, 2, true, 8, 1}));
        QVERIFY((model->unet.down[3] == models::UNetBlock{1280, 2, false, 8, 1}));
        QVERIFY((model->unet.mid == models::UNetBlock{1280, 1, true, 8, 1}));
        QVERIFY((model->unet.up[0] == models::UNetBlock{1280, 3, false, 8, 1}));
        QVERIFY((model->unet.up[3] == models::UNetBlock{320, 3, true, 8, 1}));
        QVERIFY(!model->unet.linearProjection);
        QCOMPARE(model->unet.timeEmbedDim(), 1280);
        QCOMPARE(model->vae.scale(), 8);
        QCOMPARE(model->vae.scalingFactor, 0.18215);
        QVERIFY(model->texts[0].encoder.activation == models::Activation::QuickGelu);
        QVERIFY(model->scheduler.prediction == models::PredictionType::Epsilon);
        QVERIFY(!model->scheduler.timestepSpacing);
        QVERIFY(model->scheduler.stepsOffset == 1);
        QCOMPARE(model->info.id, std::string("some-model"));
        QCOMPARE(model->info.sampler, std::string("pndm"));
        QCOMPARE(model->info.width, 512);
    }

    void readsStableDiffusion21() {
        const auto model = openFiles(sd21());
        QVERIFY2(model, model ? "" : model.error().detail.c_str());
        QCOMPARE(model->unet.down[2].heads, 20);
        QCOMPARE(model->unet.up[3].heads, 5);
        QVERIFY(model->unet.linearProjection);
        QCOMPARE(model->texts[0].encoder.layers, 23);
        QVERIFY(model->texts[0].encoder.activation == models::Activation::Gelu);
        QVERIFY(model->scheduler.prediction == models::PredictionType::VPrediction);
        QCOMPARE(model->info.width, 768);
        QCOMPARE(model->info.sampler, std::string("ddim"));
    }

    void listsOfBlocksAreLookedUp() {
        Files files = sd15();
        files["unet/config.json"]["layers_per_block"] = QJsonArray{1, 2, 3, 4};
        files["unet/config.json"]["transformer_layers_per_block"] = QJsonArray{1, 2, 3, 4};
        const auto model = openFiles(files);
        QVERIFY2(model, model ? "" : model.error().detail.c_str());
        QCOMPARE(model->unet.down[1].layers, 2);
        QCOMPARE(model->unet.up[0].layers, 5);
        QCOMPARE(model->unet.up[0].transformerDepth, 4);
        QCOMPARE(model->unet.mid->transformerDepth, 4);
        QCOMPARE(model->unet.up[3].layers, 2);
    }

    void unknownKeysAreIgnored() {
        Files files = sd15();
        for (QJsonObject& file : files) {
            file["_name_or_path"] = "somewhere";
            file["an_invention"] = 7;
        }
        QVERIFY(openFiles(files));
    }

    void pythonsNumbersAreRead() {
        const QTemporaryDir dir;
        write(dir.path(), sd15());
        writeFile(dir.filePath("scheduler/scheduler_config.json"),
                  "{\"_class_name\": \"DPMSolverMultistepScheduler\", \"lambda_min_clipped\": -Infinity, "
                  "\"note\": \"\\\"NaN\\\" stays, Infinity too\"}");
        QFile index(dir.filePath("model_index.json"));
        QVERIFY(index.open(QIODevice::ReadOnly));
        const QByteArray text = index.readAll().replace("PNDMScheduler", "DPMSolverMultistepScheduler");
        writeFile(dir.filePath("model_index.json"), text);
        const auto model = models::openModelFolder(dir.path().toStdString());
        QVERIFY2(model, model ? "" : model.error().detail.c_str());
        QCOMPARE(model->info.sampler, std::string("dpmpp_2m"));
    }

    void whatIsNotSupportedIsRefusedByName_data() {
        QTest::addColumn<QString>("file");
        QTest::addColumn<QString>("key");
        QTest::addColumn<QJsonValue>("value");
        const auto row = [](const char* file, const char* key, const QJsonValue& value) {
            const QString shown =
                QString::fromUtf8(QJsonDocument(QJsonArray{value}).toJson(QJsonDocument::Compact));
            QTest::newRow(qPrintable(QString(key) + shown)) << QString(file) << QString(key) << value;
        };
        const char* const index = "model_index.json";
        row(index, "text_encoder_3", QJsonArray{"transformers", "T5EncoderModel"});
        row(index, "text_encoder_2", QJsonArray{"transformers", "CLIPTextModel"});
        row(index, "tokenizer_2", QJsonArray{"transformers", "CLIPTokenizer"});
        row(index, "controlnet", QJsonArray{"diffusers", "ControlNetModel"});
        row(index, "scheduler", QJsonArray{"diffusers", "FlowMatchEulerDiscreteScheduler"});
        row(index, "scheduler", QJsonValue::Null);
        row(index, "text_encoder", QJsonArray{"transformers", "T5EncoderModel"});
        row(index, "unet", QJsonValue::Null);
        row(index, "vae", QJsonArray{"diffusers", "AutoencoderTiny"});
        const char* const unet = "unet/config.json";
        row(unet, "_class_name", "SD3Transformer2DModel");
        row(unet, "addition_embed_type", "image");
        row(unet, "class_embed_type", "timestep");
        row(unet, "num_class_embeds", 10);
        row(unet, "time_cond_proj_dim", 255);
        row(unet, "resnet_time_scale_shift", "scale_shift");
        row(unet, "center_input_sample", true);
        row(unet, "dual_cross_attention", true);
        row(unet, "only_cross_attention", true);
        row(unet, "only_cross_attention", QJsonArray{false, true, false, false});
        row(unet, "mid_block_type", "UNetMidBlock2D");
        row(unet, "mid_block_scale_factor", 2);
        row(unet, "num_attention_heads", 8);
        row(unet, "act_fn", "gelu");
        row(unet, "attention_type", "gated");
        row(unet, "conv_in_kernel", 1);
        row(unet, "cross_attention_dim", QJsonArray{768, 768, 768, 768});
        row(unet, "cross_attention_dim", QJsonValue::Null);
        row(unet, "norm_num_groups", QJsonValue::Null);
        row(unet, "attention_head_dim", QJsonValue::Null);
        row(unet, "down_block_types",
            QJsonArray{"DownBlock2D", "AttnDownBlock2D", "DownBlock2D", "DownBlock2D"});
        row(unet, "up_block_types", QJsonArray{"UpBlock2D", "SkipUpBlock2D", "UpBlock2D", "UpBlock2D"});
        row(unet, "block_out_channels", QJsonArray{});
        row(unet, "block_out_channels", QJsonArray{320, 640, 1280, 1281});
        row(unet, "block_out_channels", "wide");
        row(unet, "layers_per_block", QJsonArray{2, 2});
        row(unet, "layers_per_block", 0);
        row(unet, "attention_head_dim", 7);
        row(unet, "norm_num_groups", 0);
        row(unet, "norm_eps", 0);
        row(unet, "sample_size", -1);
        row(unet, "use_linear_projection", 1);
        row(unet, "freq_shift", 160);
        const char* const vae = "vae/config.json";
        row(vae, "_class_name", "AutoencoderTiny");
        row(vae, "scaling_factor", "0.18215");
        row(vae, "act_fn", "relu");
        row(vae, "out_channels", 1);
        row(vae, "down_block_types", QJsonArray{"DownEncoderBlock2D"});
        row(vae, "block_out_channels", QJsonArray{128, 256, 512, 512, 512});
        const char* const text = "text_encoder/config.json";
        row(text, "hidden_act", "gelu_new");
        row(text, "model_type", "t5");
        row(text, "num_attention_heads", 7);
        row(text, "use_attention_mask", true);
        row(text, "max_position_embeddings", "77");
        const char* const scheduler = "scheduler/scheduler_config.json";
        row(scheduler, "prediction_type", "flow_prediction");
        row(scheduler, "beta_schedule", "squaredcos_cap_v2");
        row(scheduler, "beta_start", 0);
        row(scheduler, "beta_end", 1);
        row(scheduler, "trained_betas", QJsonArray{0.1, 0.2});
        row(scheduler, "timestep_spacing", "wide");
        row(scheduler, "steps_offset", 1000);
        row(scheduler, "num_train_timesteps", 1.5);
        row("tokenizer/tokenizer_config.json", "model_max_length", "77");
        row("tokenizer/tokenizer_config.json", "pad_token", "");
        row("easel.json", "id", "a/b");
        row("easel.json", "width", 500);
        row("easel.json", "height", 4096);
        row("easel.json", "steps", 0);
        row("easel.json", "guidance", 31);
        row("easel.json", "strength", 1.5);
        row("easel.json", "example_prompts", QJsonArray{7});
    }

    void whatIsNotSupportedIsRefusedByName() {
        QFETCH(QString, file);
        QFETCH(QString, key);
        QFETCH(QJsonValue, value);
        Files files = sd15();
        files[file][key] = value;
        const auto model = openFiles(files);
        QVERIFY(!model);
        const QString detail = QString::fromStdString(model.error().detail);
        QVERIFY2(detail.contains(file + ": \"" + key + "\": "), qPrintable(detail));
        QCOMPARE(model.error().code, std::string("model_unusable"));
    }

    void pipelinesOfTheSamePartsAreTheSameModel() {
        const auto plain = openFiles(sd15());
        QVERIFY(plain);
        for (const QJsonValue& name : {QJsonValue("StableDiffusionImg2ImgPipeline"),
                                       QJsonValue("StableDiffusionInpaintPipelineLegacy"),
                                       QJsonValue("StableDiffusionLongPromptWeightingPipeline"),
                                       QJsonValue(QJsonArray{"my_pipeline", "MyPipeline"})}) {
            Files files = sd15();
            files["model_index.json"]["_class_name"] = name;
            files["model_index.json"]["image_encoder"] = QJsonArray{QJsonValue::Null, QJsonValue::Null};
            files["model_index.json"]["safety_checker"] =
                QJsonArray{"stable_diffusion", "StableDiffusionSafetyChecker"};
            const auto model = openFiles(files);
            QVERIFY2(model, model ? "" : model.error().detail.c_str());
            QVERIFY(model->info == plain->info);
            QVERIFY(model->family == models::Family::StableDiffusion);
        }
    }

    void whatNoPartReadsIsPassedOver() {
        Files files = sd15();
        QJsonObject& unet = files["unet/config.json"];
        unet["cross_attention_norm"] = "layer_norm";
        unet["resnet_skip_time_act"] = true;
        unet["resnet_out_scale_factor"] = 2;
        unet["class_embeddings_concat"] = true;
        unet["mid_block_only_cross_attention"] = true;
        unet["act_fn"] = "SiLU";
        QJsonObject& vae = files["vae/config.json"];
        vae["shift_factor"] = 0.1159;
        vae["latents_mean"] = QJsonArray{1, 2, 3, 4};
        vae["act_fn"] = "swish";
        const auto model = openFiles(files);
        QVERIFY2(model, model ? "" : model.error().detail.c_str());
    }

    void aNullMeansWhatItMeansThere() {
        Files files = sd15();
        files["unet/config.json"]["mid_block_type"] = QJsonValue::Null;
        files["unet/config.json"]["mid_block_scale_factor"] = 2;  // of no block
        files["unet/config.json"]["flip_sin_to_cos"] = QJsonValue::Null;
        files["unet/config.json"]["class_embed_type"] = QJsonValue::Null;
        files["vae/config.json"]["use_quant_conv"] = QJsonValue::Null;
        files["vae/config.json"]["latents_mean"] = QJsonValue::Null;
        files["scheduler/scheduler_config.json"]["set_alpha_to_one"] = QJsonValue::Null;
        files["scheduler/scheduler_config.json"]["timestep_spacing"] = QJsonValue::Null;
        const auto model = openFiles(files);
        QVERIFY2(model, model ? "" : model.error().detail.c_str());
        QVERIFY(!model->unet.mid);
        QVERIFY(!model->unet.flipSinToCos);
        QVERIFY(!model->vae.quantConv);
        QVERIFY(model->vae.postQuantConv);
        QVERIFY(model->scheduler.setAlphaToOne == false);
        QVERIFY(!model->scheduler.timestepSpacing);
    }

    void aWholeClipsFileHoldsTheTextEncoders() {
        Files files = sd15();
        QJsonObject& text = files["text_encoder/config.json"];
        text = QJsonObject{{"model_type", "clip"}, {"text_config", text}, {"projection_dim", 768}};
        const auto model = openFiles(files);
        QVERIFY2(model, model ? "" : model.error().detail.c_str());
        QCOMPARE(model->texts[0].encoder.hiddenSize, 768);
    }

    void partsThatDoNotGoTogetherAreRefused_data() {
        QTest::addColumn<QString>("file");
        QTest::addColumn<QString>("key");
        QTest::addColumn<int>("value");
        QTest::newRow("context") << "unet/config.json"
                                 << "cross_attention_dim" << 1024;
        QTest::newRow("more channels") << "unet/config.json"
                                       << "in_channels" << 7;
        QTest::newRow("learned variance") << "unet/config.json"
                                          << "out_channels" << 8;
        QTest::newRow("long prompts") << "tokenizer/tokenizer_config.json"
                                      << "model_max_length" << 78;
    }

    void partsThatDoNotGoTogetherAreRefused() {
        QFETCH(QString, file);
        QFETCH(QString, key);
        QFETCH(int, value);
        Files files = sd15();
        files[file][key] = value;
        const auto model = openFiles(files);
        QVERIFY(!model);
        QVERIFY2(QString::fromStdString(model.error().detail).contains(key), model.error().detail.c_str());
    }

    void whatCameInsteadOfAFileIsTold() {
        for (const QByteArray& text :
             {QByteArray("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 743\n"),
              QByteArray("<!DOCTYPE html>\n<html><body>Please sign in</body></html>")}) {
            for (const QString& name : sd15().keys()) {
                const QTemporaryDir dir;
                write(dir.path(), sd15());
                writeFile(dir.filePath(name), text);
                const auto model = models::openModelFolder(dir.path().toStdString());
                QVERIFY(!model);
                const QString detail = QString::fromStdString(model.error().detail);
                QVERIFY2(detail.contains(name), qPrintable(detail));
                QVERIFY2(detail.contains(text.startsWith('v') ? "git lfs pull" : "web page"),
                         qPrintable(detail));
            }
        }
    }

    void aMissingFileIsNamed() {
        for (const QString& name : sd15().keys()) {
            Files files = sd15();
            files.remove(name);
            const auto model = openFiles(files);
            if (name.startsWith("tokenizer")) {
                QVERIFY(model);  // all of it has defaults
                continue;
            }
            QVERIFY(!model);
            QVERIFY2(QString::fromStdString(model.error().detail).contains(name),
                     model.error().detail.c_str());
        }
    }

    /// Opening a pipe would wait for somebody who writes into it.
    void aPipeIsNoFile() {
        const QTemporaryDir dir;
        const QString folder = dir.filePath("some-model");
        write(folder, sd15());
        for (const char* const file : {"/unet/config.json", "/model_index.json"}) {
            QVERIFY(QFile::remove(folder + file));
            QCOMPARE(::mkfifo(qPrintable(folder + file), 0600), 0);
            const auto model = models::openModelFolder(folder.toStdString());
            QVERIFY(!model);
            QVERIFY2(model.error().detail.find("There is no such file") != std::string::npos,
                     model.error().detail.c_str());
        }
    }

    void whatIsNotJsonIsNamed() {
        for (const QString& name : sd15().keys()) {
            for (const QByteArray& text : {QByteArray(), QByteArray("{"), QByteArray("[]"), QByteArray("nul"),
                                           QByteArray(100'000, '['), QByteArray("{\"a\":Infinit")}) {
                const QTemporaryDir dir;
                write(dir.path(), sd15());
                writeFile(dir.filePath(name), text);
                const auto model = models::openModelFolder(dir.path().toStdString());
                QVERIFY(!model);
                QVERIFY2(QString::fromStdString(model.error().detail).contains(name),
                         model.error().detail.c_str());
            }
        }
    }

    void whatIsNestedWithoutEndIsNamed() {
        const QByteArray deep = QByteArray(1'000'000, '[') + QByteArray(1'000'000, ']');
        for (const QString& name : sd15().keys()) {
            const QTemporaryDir dir;
            write(dir.path(), sd15());
            writeFile(dir.filePath(name), R"({"_class_name": )" + deep + '}');
            const auto model = models::openModelFolder(dir.path().toStdString());
            QVERIFY(!model);
            const QString said = QString::fromStdString(model.error().detail);
            QVERIFY2(said.contains(name) && said.contains("nested"), qPrintable(said));
        }
    }

    void aKeyThatIsThereTwiceIsNamed() {
        const QTemporaryDir dir;
        write(dir.path(), sd15());
        writeFile(dir.filePath("vae/config.json"), R"({"latent_channels": 4, "latent_channels": 8})");
        const auto model = models::openModelFolder(dir.path().toStdString());
        QVERIFY(!model);
        QVERIFY2(QString::fromStdString(model.error().detail).contains("\"latent_channels\" twice"),
                 model.error().detail.c_str());
    }

    void easelsOwnFileTellsHowToUseIt() {
        Files files = sd15();
        files["easel.json"] = parsed(
            R"({"id": "starter", "title": "Starter", "description": "Small", "width": 128, "height": 256,
            "steps": 30, "guidance": 3.5, "strength": 0.6, "example_prompts": ["fox", "owl"], "known_names": ["fox", "owl"],
            "known_words": ["red"], "licence": "Apache-2.0", "made_with": "patience"})");
        const auto model = openFiles(files);
        QVERIFY2(model, model ? "" : model.error().detail.c_str());
        protocol::ModelInfo expected;
        expected.id = "starter";
        expected.title = "Starter";
        expected.description = "Small";
        expected.licence = "Apache-2.0";
        expected.width = 128;
        expected.height = 256;
        expected.steps = 30;
        expected.guidance = 3.5;
        expected.strength = 0.6;
        expected.operations = {"text_to_image", "image_to_image", "inpaint"};
        expected.accelerations = {"guidance_interval", "deepcache", "token_merging"};
        expected.sampler = "pndm";
        expected.examplePrompts = {"fox", "owl"};
        expected.knownNames = {"fox", "owl"};
        expected.knownWords = {"red"};
        QVERIFY(model->info == expected);
    }
};

QTEST_GUILESS_MAIN(TestModelFolder)
#include "test_model_folder.moc"
