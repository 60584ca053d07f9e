// SPDX-License-Identifier: Apache-2.0
#include <ATen/Parallel.h>

#include <QFile>
#include <QJsonArray>
#include <QTest>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "server/diffusion/engine.h"
#include "server/models/files/safetensors.h"
#include "tests/server/diffusion/edited_model.h"
#include "tests/server/diffusion/one_model.h"
#include "tests/server/diffusion/small_drawing.h"
#include "tests/support/gates.h"

using namespace easel;
using namespace easel::tests;

/// As the worker uses it: whole pictures against diffusers, progress, cancelling.
class EngineTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void picturesEqualDiffusers_data();
    void picturesEqualDiffusers();
    void eachImageOfARequestIsItsSeedAlone();
    void progressGrowsToTheEnd_data();
    void progressGrowsToTheEnd();
    void cancelActsAtTheNextStep();
    void settingsThatItDoesNotKnowAreRefused_data();
    void settingsThatItDoesNotKnowAreRefused();
    void moreStepsThanFitAreRefused_data();
    void moreStepsThanFitAreRefused();
    void numbersThatAreNotFiniteAreAnError();
    void anEmptyPromptIsDrawn();
    void aWordThatTheEncoderHasNotLearnedIsAnError();
    void devicesThatAreNotThere_data();
    void devicesThatAreNotThere();
    void smallPicturesTakeOneThread();
};

void EngineTest::picturesEqualDiffusers_data() {
    QTest::addColumn<QJsonObject>("given");
    QFile file(QString::fromStdString(kFixtures + "diffusion/cases.json"));
    QVERIFY(file.open(QIODevice::ReadOnly));
    const auto cases = QJsonDocument::fromJson(file.readAll()).array();
    for (const auto& item : cases) {
        if (!item.toObject()["latents_only"].toBool()) {  // those are StagesTest's
            QTest::newRow(qPrintable(item.toObject()["name"].toString())) << item.toObject();
        }
    }
}

void EngineTest::picturesEqualDiffusers() {
    QFETCH(QJsonObject, given);
    EditedModel model(given["model"].toString().toStdString());
    if (given.contains("scheduler")) {
        model.editJson("scheduler/scheduler_config.json",
                       [&](QJsonObject& json) { json = given["scheduler"].toObject(); });
    }
    auto engine = load(model.root());
    protocol::GenerationSettings settings;
    settings.prompt = given["prompt"].toString().toStdString();
    settings.negativePrompt = given["negative_prompt"].toString().toStdString();
    settings.width = given["width"].toInt();
    settings.height = given["height"].toInt();
    settings.steps = given["steps"].toInt();
    settings.guidance = given["guidance"].toDouble();
    settings.sampler = given["sampler"].toString().toStdString();
    settings.schedule = given["schedule"].toString().toStdString();
    settings.seed = given["seed"].toInt();
    settings.count = given["count"].toInt();
    settings.clipSkip = given["clip_skip"].toInt(1);
    const Drawn drawn = draw(engine, settings);
    QVERIFY2(!drawn.problem, drawn.problem ? drawn.problem->detail.c_str() : "");

    const auto file = models::SafetensorsFile::open(kFixtures + "diffusion/pictures.safetensors");
    QVERIFY(file);
    const auto expected = std::ranges::find(
        file->tensors(), given["name"].toString().toStdString() + "/pictures", &models::TensorEntry::name);
    QVERIFY(expected != file->tensors().end());
    const std::vector<std::int64_t> shape{settings.count, settings.height, settings.width, 3};
    QVERIFY(expected->shape == shape);
    QCOMPARE(drawn.images.size(), static_cast<std::size_t>(settings.count));

    std::size_t channels = 0;
    std::size_t off = 0;
    for (const auto& picture : drawn.images) {
        for (const std::uint8_t level : picture.rgb) {
            off += std::abs(level - std::to_integer<int>(expected->data[channels++])) > 1 ? 1 : 0;
        }
    }
    QCOMPARE(channels, expected->data.size());
    QVERIFY2(static_cast<double>(off) <= tests::gate("pictures") * static_cast<double>(channels),
             qPrintable(QString("%1 of %2 channels are off by more than a level").arg(off).arg(channels)));
}

void EngineTest::eachImageOfARequestIsItsSeedAlone() {
    auto engine = load(kFixtures + "models/sd1-tiny");
    auto settings = small();
    settings.count = 3;
    const Drawn together = draw(engine, settings);
    QCOMPARE(together.images.size(), std::size_t{3});
    QVERIFY((together.seeds == std::vector<std::int64_t>{5, 6, 7}));
    QVERIFY(together.images[0] != together.images[1]);
    for (std::size_t i = 0; i < 3; ++i) {
        auto alone = small();
        alone.seed = together.seeds[i];
        const Drawn again = draw(engine, alone);
        QCOMPARE(again.images.size(), std::size_t{1});
        QVERIFY(again.images[0] == together.images[i]);
    }
}

void EngineTest::progressGrowsToTheEnd_data() {
    QTest::addColumn<QString>("sampler");
    QTest::newRow("one evaluation a step") << "ddim";
    QTest::newRow("one more to warm up") << "pndm";
    QTest::newRow("two evaluations a step") << "heun";
}

void EngineTest::progressGrowsToTheEnd() {
    QFETCH(QString, sampler);
    auto engine = load(kFixtures + "models/sd1-tiny");
    auto settings = small();
    settings.sampler = sampler.toStdString();
    settings.count = 2;
    const Drawn drawn = draw(engine, settings);
    QVERIFY(!drawn.problem);
    QVERIFY(drawn.progress.front().stage == protocol::Stage::Encoding);
    QVERIFY(drawn.progress.back().stage == protocol::Stage::Decoding);
    QCOMPARE(drawn.progress.back().step, 6);
    std::vector<int> steps;
    for (const auto& progress : drawn.progress) {
        QCOMPARE(progress.steps, 6);
        if (steps.empty() || steps.back() != progress.step) {
            steps.push_back(progress.step);
        }
        QVERIFY(!progress.etaSeconds);  // left to who follows, in test_eta
    }
    QVERIFY((steps == std::vector<int>{0, 1, 2, 3, 4, 5, 6}));
}

void EngineTest::cancelActsAtTheNextStep() {
    auto engine = load(kFixtures + "models/sd1-tiny");
    auto settings = small();
    settings.steps = 50;
    const Drawn drawn = draw(engine, settings, 5);
    QVERIFY(drawn.problem);
    QCOMPARE(drawn.problem->code, std::string("cancelled"));
    QCOMPARE(drawn.progress.size(), std::size_t{5});
    QVERIFY(drawn.images.empty());

    const Drawn before = draw(engine, settings, 0);
    QVERIFY(before.problem && before.progress.empty());
    QVERIFY(!draw(engine, small()).problem);  // and the engine draws on
}

void EngineTest::settingsThatItDoesNotKnowAreRefused_data() {
    QTest::addColumn<QString>("sampler");
    QTest::addColumn<QString>("schedule");
    QTest::addColumn<int>("steps");
    QTest::addColumn<QString>("field");
    QTest::newRow("sampler") << "magic"
                             << "default" << 3 << "sampler";
    QTest::newRow("schedule") << "euler"
                              << "magic" << 3 << "schedule";
    QTest::newRow("schedule of another sampler") << "pndm"
                                                 << "karras" << 3 << "schedule";
    QTest::newRow("steps") << "euler"
                           << "default" << 1001 << "steps";
}

void EngineTest::settingsThatItDoesNotKnowAreRefused() {
    QFETCH(QString, sampler);
    QFETCH(QString, schedule);
    QFETCH(int, steps);
    QFETCH(QString, field);
    auto engine = load(kFixtures + "models/sd1-tiny");
    auto settings = small();
    settings.sampler = sampler.toStdString();
    settings.schedule = schedule.toStdString();
    settings.steps = steps;
    const Drawn drawn = draw(engine, settings);
    QVERIFY(drawn.problem);
    QVERIFY(drawn.problem->field == field.toStdString());
}

void EngineTest::moreStepsThanFitAreRefused_data() {
    QTest::addColumn<QString>("sampler");
    QTest::addColumn<int>("most");
    QTest::newRow("pndm") << "pndm" << 99;  // leading and from 1 on, 100 would end at timestep 100
    QTest::newRow("ddim") << "ddim" << 99;
    QTest::newRow("euler") << "euler" << 99;
    QTest::newRow("euler_a") << "euler_a" << 99;
    QTest::newRow("heun") << "heun" << 99;
    QTest::newRow("dpmpp_2m") << "dpmpp_2m" << 98;  // leaves out one, and may not go to the same level twice
}

void EngineTest::moreStepsThanFitAreRefused() {
    QFETCH(QString, sampler);
    QFETCH(int, most);
    EditedModel model("sd1-tiny");
    model.editJson("scheduler/scheduler_config.json", [](QJsonObject& json) {
        json["num_train_timesteps"] = 100;
        json["timestep_spacing"] = "leading";
    });
    auto engine = load(model.root());
    auto settings = small();
    settings.sampler = sampler.toStdString();
    for (const int steps : {most + 1, 101, 500}) {
        settings.steps = steps;
        const Drawn drawn = draw(engine, settings);
        QVERIFY(drawn.problem);
        QVERIFY(drawn.problem->field == "steps");
        const std::string words = " can take " + std::to_string(most) + ".";
        QVERIFY2(drawn.problem->detail.find(words) != std::string::npos, drawn.problem->detail.c_str());
    }
    settings.steps = most;
    const Drawn drawn = draw(engine, settings);
    QVERIFY2(!drawn.problem, drawn.problem ? drawn.problem->detail.c_str() : "");
}

void EngineTest::numbersThatAreNotFiniteAreAnError() {
    EditedModel model("sd1-tiny");
    model.editTensors(kUNet, [](QJsonObject& header, QByteArray& data) {
        const float huge = 3e38F;  // finite, but not when it is added up
        for (int i = 0; i < 4; ++i) {
            std::memcpy(data.data() + EditedModel::offsetOf(header, "conv_out.bias") + 4 * i, &huge, 4);
        }
    });
    auto engine = load(model.root());
    const Drawn drawn = draw(engine, small());
    QVERIFY(drawn.problem);
    QVERIFY2(drawn.problem->detail.find("not finite") != std::string::npos, drawn.problem->detail.c_str());
    QVERIFY(drawn.images.empty());
    QVERIFY(!engine.engine().broken());
}

void EngineTest::anEmptyPromptIsDrawn() {
    auto engine = load(kFixtures + "models/sd1-tiny");
    auto settings = small();
    settings.prompt = "";
    const Drawn empty = draw(engine, settings);
    QVERIFY(!empty.problem);
    settings.prompt = "\u3000 ";  // no words either
    QVERIFY(draw(engine, settings).images == empty.images);
    settings.prompt = "a red circle";
    QVERIFY(draw(engine, settings).images != empty.images);
}

void EngineTest::aWordThatTheEncoderHasNotLearnedIsAnError() {
    EditedModel model("sd1-tiny");
    model.editJson("tokenizer/tokenizer_config.json",
                   [](QJsonObject& json) { json["additional_special_tokens"] = QJsonArray{"<my-dog>"}; });
    auto engine = load(model.root());
    auto settings = small();
    settings.prompt = "a <my-dog> on mars";
    const Drawn drawn = draw(engine, settings);
    QVERIFY(drawn.problem);
    QVERIFY2(drawn.problem->detail.find("tokenizer") != std::string::npos, drawn.problem->detail.c_str());
    QVERIFY(!draw(engine, small()).problem);
}

void EngineTest::devicesThatAreNotThere_data() {
    QTest::addColumn<QString>("device");
    for (const char* device : {"gpu", "cuda:", "cuda:-1", "cuda:1x", "cuda:4096", ""}) {
        QTest::addRow("\"%s\"", device) << device;
    }
}

void EngineTest::devicesThatAreNotThere() {
    QFETCH(QString, device);
    QVERIFY(!complaint(kFixtures + "models/sd1-tiny", device.toStdString()).empty());
}

void EngineTest::smallPicturesTakeOneThread() {
    const int before = at::get_num_threads();
    at::set_num_threads(3);
    auto engine = load(kFixtures + "models/sd1-tiny");
    auto settings = small();
    settings.steps = 1;
    QVERIFY(!draw(engine, settings).images.empty());
    QCOMPARE(at::get_num_threads(), 1);
    // 2 branches of 16 channels of 32 x 64: two grains of 32,768.
    settings.width = 256;
    settings.height = 512;
    QVERIFY(!draw(engine, settings).images.empty());
    QCOMPARE(at::get_num_threads(), 2);
    settings.height = 1024;
    settings.width = 512;
    QVERIFY(!draw(engine, settings).images.empty());
    QCOMPARE(at::get_num_threads(), 3);
    at::set_num_threads(before);
}

QTEST_GUILESS_MAIN(EngineTest)
#include "test_engine.moc"
