// SPDX-License-Identifier: Apache-2.0
// Stable Diffusion XL, its refiner, and models with more inputs, against diffusers on the CPU, stage by
// stage.
#include <c10/core/InferenceMode.h>

#include <QTest>
#include <algorithm>
#include <array>
#include <string>

#include "server/diffusion/failure.h"
#include "server/diffusion/families/family.h"
#include "server/diffusion/networks/unet/unet.h"
#include "server/diffusion/pipeline.h"
#include "tests/server/diffusion/edited_model.h"
#include "tests/server/diffusion/tensor_file.h"
#include "tests/support/gates.h"

using namespace easel;
using namespace easel::diffusion;

namespace {

const std::filesystem::path kFixtures = EASEL_SOURCE_DIR "/tests/fixtures";
const Placement kCpu{c10::Device(c10::kCPU), c10::kFloat};
const std::string kPrompt = "a photo of an astronaut riding a horse on mars";

models::ModelFolder modelFolder(const std::string& model) {
    auto folder = models::openModelFolder(kFixtures / "models" / model);
    if (!folder) {
        throw std::runtime_error(folder.error().detail);
    }
    return *folder;
}

/// A whole picture's latents.
at::Tensor drawn(const Pipeline& pipeline, Drawing drawing) {
    while (!drawing.done()) {
        pipeline.advance(std::array{&drawing});
    }
    return drawing.latents();
}

/// As tests/reference/families.py asks for each of its pictures.
protocol::GenerationSettings settingsOf(const std::string& sampler) {
    protocol::GenerationSettings settings;
    settings.prompt = kPrompt;
    settings.width = 104;
    settings.height = 72;
    settings.steps = 10;
    settings.guidance = 5;
    settings.sampler = sampler;
    settings.seed = 42;
    return settings;
}

/// A tiny model with one more tensor in its UNet, or another in the place of one that is there.
tests::EditedModel grown(const tests::TensorFile& golden, const std::string& kind, const std::string& tensor,
                         const QString& key, int value, const std::string& of = "sd1-tiny") {
    tests::EditedModel model(of);
    model.editJson("unet/config.json", [&](QJsonObject& json) { json[key] = value; });
    model.putTensor("unet/diffusion_pytorch_model.safetensors", tensor,
                    golden["grown/" + kind + "/" + tensor]);
    return model;
}

}  // namespace

Q_DECLARE_METATYPE(protocol::GenerationSettings)

class FamiliesTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init();
    void texts_data() { models(); }
    void texts();
    void unet_data() { models(); }
    void unet();
    void aUNetMustBeToldOfSizes();
    void pictures_data();
    void pictures();
    void aPictureThroughTheRefinerAlone();
    void theRefinerGoesOn_data();
    void theRefinerGoesOn();
    void aModelThatEdits();
    void aModelThatInpaints_data();
    void aModelThatInpaints();
    void aModelThatWasTaughtTheGuidanceScale();
    void channelsThatAreWantingAreAskedForByTheirField();
    void theVaeOutgrowsHalfPrecision();

private:
    static void models() {
        QTest::addColumn<QString>("model");
        QTest::addColumn<QString>("stage");
        QTest::newRow("base") << "sdxl-tiny"
                              << "sdxl";
        QTest::newRow("refiner") << "sdxl-refiner-tiny"
                                 << "refiner";
    }
    static void compare(const char* gate, const at::Tensor& made, const at::Tensor& expected,
                        double unit = 1) {
        const double off = tests::greatestDifference(made, expected) / unit;
        QVERIFY2(off <= tests::gate(gate), qPrintable(QString("%1: off by %2").arg(gate).arg(off)));
    }

    const c10::InferenceMode m_inference;
    const tests::TensorFile m_golden{kFixtures / "families.safetensors"};
};

void FamiliesTest::init() {
    at::globalContext().setSDPUseFlash(false);
    at::globalContext().setSDPUseMemEfficient(false);
}

void FamiliesTest::texts() {
    QFETCH(QString, model);
    QFETCH(QString, stage);
    Parts parts;
    Networks networks = loadNetworks(modelFolder(model.toStdString()), kCpu, {}, parts);
    const std::string text = stage.toStdString() + "/text/";
    const Conditioning made = networks.text.encode(kPrompt);
    compare("text", made.context, m_golden[text + "context"]);
    compare("text", made.pooled, m_golden[text + "pooled"]);
    const Conditioning empty = networks.text.encode("");
    compare("text", empty.context, m_golden[text + "empty context"]);
    compare("text", empty.pooled, m_golden[text + "empty pooled"]);
    const Conditioning skipped = networks.text.encode(kPrompt, {.skippedLayers = 1});
    compare("text", skipped.context, m_golden[text + "skipped context"]);
    compare("text", skipped.pooled, m_golden[text + "pooled"]);  // of all layers, whatever is skipped
    // With the final norm, or read from the last layer, it would not be that.
    QVERIFY(tests::greatestDifference(made.context, skipped.context) > 100 * tests::gate("text"));
    QVERIFY_EXCEPTION_THROWN(networks.text.encode(kPrompt, {.skippedLayers = 3}), Failure);
}

void FamiliesTest::unet() {
    QFETCH(QString, model);
    QFETCH(QString, stage);
    Parts parts;
    const Networks networks = loadNetworks(modelFolder(model.toStdString()), kCpu, {}, parts);
    const std::string name = stage.toStdString();
    Conditioning given{at::cat({m_golden[name + "/text/context"], m_golden[name + "/text/empty context"]}),
                       at::cat({m_golden[name + "/text/pooled"], m_golden[name + "/text/empty pooled"]}),
                       m_golden[name + "/unet/ids"]};
    const at::Tensor sample = m_golden[name + "/unet/sample"];
    const at::Tensor timesteps = at::full({2}, 501.5, at::kFloat);
    const at::Tensor expected = m_golden[name + "/unet/output"];
    compare("unet", networks.denoiser->predict(sample, timesteps, given), expected);

    for (const auto member : {&Conditioning::pooled, &Conditioning::extraIds}) {
        Conditioning wrong = given;
        wrong.*member = (wrong.*member).flip(0);
        QVERIFY(tests::greatestDifference(networks.denoiser->predict(sample, timesteps, wrong), expected) >
                tests::gate("unet"));
    }
}

void FamiliesTest::aUNetMustBeToldOfSizes() {
    Parts parts;
    Networks networks = loadNetworks(modelFolder("sdxl-tiny"), kCpu, {}, parts);
    const Conditioning noSizes = networks.text.encode(kPrompt);
    QVERIFY_EXCEPTION_THROWN(networks.denoiser->predict(at::zeros({1, 4, 8, 8}), at::zeros({1}), noSizes),
                             Failure);
}

void FamiliesTest::pictures_data() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<protocol::GenerationSettings>("settings");
    QTest::newRow("plain") << "plain" << settingsOf("euler");
    auto settings = settingsOf("ddim");
    settings.negativePrompt = "blurry red cat";
    QTest::newRow("negative") << "negative" << settings;
    settings = settingsOf("euler");
    settings.guidance = 1;
    QTest::newRow("no guidance") << "no guidance" << settings;
    settings = settingsOf("dpmpp_2m");
    settings.originalWidth = 512;
    settings.originalHeight = 300;
    settings.cropLeft = 20;
    settings.cropTop = 10;
    settings.targetWidth = 640;
    settings.targetHeight = 480;
    QTest::newRow("sizes") << "sizes" << settings;
    settings = settingsOf("heun");
    settings.negativePrompt = "blurry red cat";
    settings.clipSkip = 2;
    QTest::newRow("clip skip") << "clip skip" << settings;
}

void FamiliesTest::pictures() {
    QFETCH(QString, name);
    QFETCH(protocol::GenerationSettings, settings);
    Pipeline pipeline(kFixtures / "models/sdxl-tiny", openDevice("cpu"));
    const at::Tensor expected = m_golden["sdxl/pictures/" + name.toStdString() + "/latents"];
    const double unit = expected.std().item<double>();
    const auto latentsOf = [&](const protocol::GenerationSettings& asked) {
        return drawn(pipeline, pipeline.drawingFor(asked, 0, pipeline.guidance(asked)));
    };
    compare("latents", latentsOf(settings), expected, unit);
    // Each of the sizes counts.
    using Settings = protocol::GenerationSettings;
    for (int Settings::*const size :
         {&Settings::originalWidth, &Settings::originalHeight, &Settings::cropLeft, &Settings::cropTop,
          &Settings::targetWidth, &Settings::targetHeight}) {
        Settings wrong = settings;
        wrong.*size += 64;
        QVERIFY(tests::greatestDifference(latentsOf(wrong), expected) > tests::gate("latents") * unit);
    }
    if (name == "plain") {
        compare("vae", pipeline.decode(expected), m_golden["sdxl/decoded"]);
    }
}

void FamiliesTest::aPictureThroughTheRefinerAlone() {
    Pipeline pipeline(kFixtures / "models/sdxl-refiner-tiny", openDevice("cpu"));
    const auto settings = settingsOf("euler");
    const at::Tensor expected = m_golden["refiner/from a picture/latents"];
    const double unit = expected.std().item<double>();
    const auto latentsOf = [&](const protocol::GenerationSettings& asked) {
        return drawn(pipeline, pipeline.drawingFor(
                                   asked, 0, pipeline.guidance(asked),
                                   {.picture = pipeline.encode(2 * m_golden["pixels"] - 1), .first = 4}));
    };
    compare("latents", latentsOf(settings), expected, unit);
    for (double protocol::GenerationSettings::*const score :
         {&protocol::GenerationSettings::aestheticScore,
          &protocol::GenerationSettings::negativeAestheticScore}) {
        auto wrong = settings;
        wrong.*score += 1;
        QVERIFY(tests::greatestDifference(latentsOf(wrong), expected) > tests::gate("latents") * unit);
    }
}

void FamiliesTest::theRefinerGoesOn_data() {
    QTest::addColumn<QString>("sampler");
    QTest::addColumn<QString>("start");
    QTest::newRow("euler") << "euler"
                           << "0.8";
    QTest::newRow("ddim") << "ddim"
                          << "0.5";
    QTest::newRow("dpmpp_2m") << "dpmpp_2m"
                              << "0.8";
    QTest::newRow("euler_a") << "euler_a"
                             << "0.6";
}

// euler_a goes on drawing its noise where the base has stopped.
void FamiliesTest::theRefinerGoesOn() {
    QFETCH(QString, sampler);
    QFETCH(QString, start);
    Pipeline base(kFixtures / "models/sdxl-tiny", openDevice("cpu"));
    Pipeline refiner(kFixtures / "models/sdxl-refiner-tiny", openDevice("cpu"));
    auto settings = settingsOf(sampler.toStdString());
    settings.refiner = "refiner";
    settings.refinerStart = start.toDouble();
    const std::string stage = "handover/" + sampler.toStdString() + "/" + start.toStdString();
    const at::Tensor expected = m_golden[stage + "/latents"];
    const double unit = expected.std().item<double>();

    QVERIFY(refiner.canRefine(base));
    Drawing drawing = base.drawingFor(settings, 0, base.guidance(settings));
    while (!drawing.done()) {
        base.advance(std::array{&drawing});
    }
    QVERIFY(drawing.accepted() < drawing.evaluations());
    compare("latents", drawing.latents(), m_golden[stage + "/begun"], unit);
    const auto guidance = refiner.guidance(settings);
    const at::Tensor done = drawn(refiner, refiner.drawingAfter(drawing, settings, guidance));
    compare("latents", done, expected, unit);
    QVERIFY(tests::greatestDifference(done, drawing.latents()) > tests::gate("latents") * unit);
}

void FamiliesTest::aModelThatEdits() {
    const auto model = grown(m_golden, "edit", "conv_in.weight", "in_channels", 8);
    Pipeline pipeline(model.root(), openDevice("cpu"));
    auto settings = settingsOf("ddim");
    settings.negativePrompt = "blurry red cat";
    settings.guidance = 7.5;
    settings.imageGuidance = 1.5;
    const at::Tensor channels = pipeline.encode(2 * m_golden["pixels"] - 1).mean;
    compare("vae", channels, m_golden["edit/beside"]);
    const at::Tensor expected = m_golden["edit/latents"];
    const double unit = expected.std().item<double>();
    const auto latentsOf = [&](const protocol::GenerationSettings& asked) {
        return drawn(pipeline, pipeline.drawingFor(asked, 0, pipeline.guidance(asked, channels)));
    };
    compare("latents", latentsOf(settings), expected, unit);
    settings.imageGuidance = 1.6;
    QVERIFY(tests::greatestDifference(latentsOf(settings), expected) > tests::gate("latents") * unit);
}

void FamiliesTest::aModelThatInpaints_data() {
    QTest::addColumn<QString>("of");
    QTest::newRow("inpaint") << "sd1-tiny";
    QTest::newRow("inpaint xl") << "sdxl-tiny";
}

void FamiliesTest::aModelThatInpaints() {
    QFETCH(QString, of);
    const std::string kind = QTest::currentDataTag();
    const auto model = grown(m_golden, kind, "conv_in.weight", "in_channels", 9, of.toStdString());
    Pipeline pipeline(model.root(), openDevice("cpu"));
    QVERIFY(pipeline.task() == models::Task::Inpaint);
    auto settings = settingsOf("ddim");
    settings.negativePrompt = "blurry red cat";
    settings.guidance = 7.5;
    const at::Tensor expected = m_golden[kind + "/latents"];
    const double unit = expected.std().item<double>();
    const auto latentsOf = [&](const at::Tensor& channels) {
        return drawn(pipeline, pipeline.drawingFor(settings, 0, pipeline.guidance(settings, channels)));
    };
    const at::Tensor channels = m_golden[kind + "/beside"];
    compare("latents", latentsOf(channels), expected, unit);
    QVERIFY(tests::greatestDifference(latentsOf(channels.roll(1, 1)), expected) >
            tests::gate("latents") * unit);
}

void FamiliesTest::aModelThatWasTaughtTheGuidanceScale() {
    const auto model = grown(m_golden, "taught", "time_embedding.cond_proj.weight", "time_cond_proj_dim", 32);
    Pipeline pipeline(model.root(), openDevice("cpu"));
    auto settings = settingsOf("ddim");
    settings.negativePrompt = "blurry red cat";
    settings.guidance = 7.5;
    const at::Tensor expected = m_golden["taught/latents"];
    const double unit = expected.std().item<double>();
    const auto guidance = pipeline.guidance(settings);
    QCOMPARE(guidance->branches(), 1);  // there is no need to compare with the negative prompt
    compare("latents", drawn(pipeline, pipeline.drawingFor(settings, 0, guidance)), expected, unit);
    settings.guidance = 7.6;
    QVERIFY(tests::greatestDifference(
                drawn(pipeline, pipeline.drawingFor(settings, 0, pipeline.guidance(settings))), expected) >
            tests::gate("latents") * unit);
}

void FamiliesTest::channelsThatAreWantingAreAskedForByTheirField() {
    const auto fieldOf = [](const tests::EditedModel& model) {
        Pipeline pipeline(model.root(), openDevice("cpu"));
        try {
            pipeline.guidance(settingsOf("ddim"));
        } catch (const Failure& failure) {
            return failure.problem().field.value_or("");
        }
        return std::string("nothing");
    };
    QCOMPARE(fieldOf(grown(m_golden, "edit", "conv_in.weight", "in_channels", 8)), std::string("init_image"));
    QCOMPARE(fieldOf(grown(m_golden, "inpaint", "conv_in.weight", "in_channels", 9)), std::string("mask"));
}

void FamiliesTest::theVaeOutgrowsHalfPrecision() {
    const Placement half{c10::Device(c10::kCPU), c10::kHalf};
    const auto dtypes = [&half](models::ModelFolder model) {
        Parts parts;
        const Networks networks = loadNetworks(model, half, {}, parts);
        std::int64_t bytes = 0;
        for (const Part& part : partsOf(model, half, {})) {
            bytes += part.bytes;
            if (std::ranges::count(parts, part.files, &Part::files) != 1) {
                throw std::runtime_error("a part is not the one that was loaded");
            }
        }
        return std::tuple{networks.vaeDtype, networks.notes.size(), bytes};
    };
    models::ModelFolder model = modelFolder("sdxl-tiny");
    const auto [upcast, notes, bytes] = dtypes(model);
    QCOMPARE(upcast, c10::kFloat);
    QCOMPARE(notes, std::size_t{1});
    model.vae.forceUpcast = false;  // as that of a mended one
    const auto [plain, none, less] = dtypes(model);
    QCOMPARE(plain, c10::kHalf);
    QCOMPARE(none, std::size_t{0});
    QVERIFY(less < bytes);
    QCOMPARE(std::get<0>(dtypes(modelFolder("sd2-tiny"))), c10::kHalf);
}

QTEST_GUILESS_MAIN(FamiliesTest)
#include "test_families.moc"
