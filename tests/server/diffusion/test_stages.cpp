// SPDX-License-Identifier: Apache-2.0
// Each stage of a picture against diffusers on the CPU, for two tiny models that visit every branch.
#include <c10/core/InferenceMode.h>

#include <QFile>
#include <QJsonArray>
#include <QTest>
#include <array>

#include "server/diffusion/failure.h"
#include "server/diffusion/networks/unet/unet.h"
#include "server/diffusion/pipeline.h"
#include "shared/protocol/passes.h"
#include "shared/protocol/samplers.h"
#include "tests/server/diffusion/edited_model.h"
#include "tests/server/diffusion/tensor_file.h"
#include "tests/support/gates.h"

using namespace easel;
using namespace easel::diffusion;

namespace {

const std::filesystem::path kFixtures = EASEL_SOURCE_DIR "/tests/fixtures";

Weights weightsOf(const models::ModelFolder& folder, std::string_view part) {
    auto source = models::openWeights(folder, part);
    if (!source) {
        throw std::runtime_error(source.error().detail);
    }
    return {std::move(*source), {c10::Device(c10::kCPU), c10::kFloat}};
}

template <typename Network, typename Config>
Network load(const models::ModelFolder& folder, std::string_view part, const Config& config) {
    return Network(weightsOf(folder, part), config);
}

TextEncoder textEncoderOf(const models::ModelFolder& folder) {
    return load<TextEncoder>(folder, folder.texts[0].name, folder.texts[0].encoder);
}

models::ModelFolder modelFolder(const QString& model) {
    auto folder = models::openModelFolder(kFixtures / "models" / model.toStdString());
    if (!folder) {
        throw std::runtime_error(folder.error().detail);
    }
    return *folder;
}

/// diffusers' pipelines hand 0 to a scheduler that takes one, whatever its own is; only tcd's is another.
double usualEta(const std::string& sampler) {
    return sampler == "tcd" ? 0 : -1;
}

}  // namespace

class StagesTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init();
    void noiseIsTorchs_data();
    void noiseIsTorchs();
    void textEncoder_data() { models(); }
    void textEncoder();
    void unet_data() { models(); }
    void unet();
    void aUNetMayHaveNoMidBlock();
    void vaeDecoder_data() { models(); }
    void vaeDecoder();
    void vaeEncoder_data() { models(); }
    void vaeEncoder();
    void latents_data();
    void latents();
    void picturesFromPictures_data();
    void picturesFromPictures();
    void textsOfTwoEncodersLieSideBySide();
    void conditionsAreStackedPartByPart();
    void pixelsRoundHalfToEven();
    void pixelsMustBeFinite();

private:
    static void models() {
        QTest::addColumn<QString>("model");
        QTest::newRow("sd1") << "sd1-tiny";
        QTest::newRow("sd2") << "sd2-tiny";
    }
    /// `unit`: what the gate is measured in.
    static void compare(const char* gate, const at::Tensor& made, const at::Tensor& expected,
                        double unit = 1) {
        const double off = tests::greatestDifference(made, expected) / unit;
        QVERIFY2(off <= tests::gate(gate), qPrintable(QString("%1: off by %2").arg(gate).arg(off)));
    }

    const c10::InferenceMode m_inference;
    const tests::TensorFile m_stages{kFixtures / "diffusion/stages.safetensors"};
    const tests::TensorFile m_starts{kFixtures / "diffusion/starts.safetensors"};
};

void StagesTest::init() {
    at::globalContext().setSDPUseFlash(false);
    at::globalContext().setSDPUseMemEfficient(false);
}

void StagesTest::noiseIsTorchs_data() {
    QTest::addColumn<qint64>("seed");
    QTest::addColumn<int>("height");
    QTest::addColumn<int>("width");
    QTest::newRow("0") << qint64{0} << 8 << 8;
    QTest::newRow("1") << qint64{1} << 8 << 8;
    QTest::newRow("odd size") << qint64{42} << 9 << 13;
    QTest::newRow("wide") << qint64{1234} << 8 << 12;
    QTest::newRow("largest") << (qint64{1} << 53) - 1 << 8 << 8;
}

void StagesTest::noiseIsTorchs() {
    QFETCH(qint64, seed);
    QFETCH(int, height);
    QFETCH(int, width);
    static Pipeline pipeline(kFixtures / "models/sd1-tiny", openDevice("cpu"));
    const tests::TensorFile noise(kFixtures / "diffusion/noise.safetensors");
    protocol::GenerationSettings settings;
    settings.sampler = "ddim";
    settings.width = width * 8;
    settings.height = height * 8;
    settings.seed = seed - 3;
    const at::Tensor drawn = pipeline.drawingFor(settings, 3, pipeline.guidance(settings)).latents();
    compare("noise", drawn, noise[QString("%1/%2/%3").arg(seed).arg(height).arg(width).toStdString()]);
}

void StagesTest::textEncoder() {
    QFETCH(QString, model);
    const auto folder = modelFolder(model);
    const auto encoder = textEncoderOf(folder);
    const std::string name = model.toStdString();
    const at::Tensor ids = m_stages[name + "/ids"];
    compare("text", encoder.forward(ids).tokens, m_stages[name + "/text"]);
    int skipped = 0;
    while (m_stages.has(name + "/text/skipped " + std::to_string(skipped + 1))) {
        ++skipped;
        const at::Tensor golden = m_stages[name + "/text/skipped " + std::to_string(skipped)];
        compare("text", encoder.forward(ids, {skipped}).tokens, golden);
        QVERIFY(tests::greatestDifference(encoder.forward(ids, {skipped - 1}).tokens, golden) >
                tests::gate("text"));
    }
    QCOMPARE(skipped, folder.texts[0].encoder.layers);
    QVERIFY_EXCEPTION_THROWN(encoder.forward(ids, {skipped + 1}), Failure);
}

void StagesTest::unet() {
    QFETCH(QString, model);
    const auto folder = modelFolder(model);
    const auto unet = load<UNet>(folder, models::kUNet, folder.unet);
    const std::string name = model.toStdString();
    for (const std::string size : {"8x8", "9x13"}) {
        const std::string stage = name + "/unet/" + size;
        const at::Tensor answer = unet.forward(
            m_stages[stage + "/sample"], m_stages[stage + "/timestep"].expand(2), {m_stages[name + "/text"]});
        compare("unet", answer, m_stages[stage + "/output"]);
    }
}

void StagesTest::aUNetMayHaveNoMidBlock() {
    tests::EditedModel model("sd1-tiny");
    model.editJson("unet/config.json", [](QJsonObject& json) { json["mid_block_type"] = QJsonValue::Null; });
    const auto folder = models::openModelFolder(model.root());
    QVERIFY(folder);
    const auto unet = load<UNet>(*folder, models::kUNet, folder->unet);
    const std::string stage = "sd1-tiny/unet/8x8";
    const at::Tensor answer = unet.forward(
        m_stages[stage + "/sample"], m_stages[stage + "/timestep"].expand(2), {m_stages["sd1-tiny/text"]});
    compare("unet", answer, m_stages["sd1-tiny/unet/no mid block/output"]);
}

void StagesTest::vaeDecoder() {
    QFETCH(QString, model);
    const auto folder = modelFolder(model);
    const auto vae = load<VaeDecoder>(folder, models::kVae, folder.vae);
    const std::string name = model.toStdString();
    const at::Tensor decoded = vae.forward(m_stages[name + "/vae/latents"] / folder.vae.scalingFactor);
    compare("vae", decoded, m_stages[name + "/vae/output"]);
}

void StagesTest::vaeEncoder() {
    QFETCH(QString, model);
    const auto folder = modelFolder(model);
    const auto vae = load<VaeEncoder>(folder, models::kVae, folder.vae);
    const std::string name = model.toStdString();
    compare("vae", vae.forward(2 * m_starts[name + "/pixels"] - 1), m_starts[name + "/moments"]);
}

void StagesTest::latents_data() {
    QTest::addColumn<QJsonObject>("given");
    QFile file(QString::fromStdString(kFixtures / "diffusion/cases.json"));
    QVERIFY(file.open(QIODevice::ReadOnly));
    const auto cases = QJsonDocument::fromJson(file.readAll()).array();
    for (const auto& item : cases) {
        if (!item.toObject().contains("scheduler")) {  // those are whole pictures of EngineTest's
            QTest::newRow(qPrintable(item.toObject()["name"].toString())) << item.toObject();
        }
    }
}

void StagesTest::latents() {
    QFETCH(QJsonObject, given);
    const tests::TensorFile pictures(kFixtures / "diffusion/pictures.safetensors");
    const std::string name = given["name"].toString().toStdString();
    const at::Tensor expected = pictures[name + "/latents"];
    const double unit = expected.std().item<double>();
    Pipeline pipeline(kFixtures / "models" / given["model"].toString().toStdString(), openDevice("cpu"));

    protocol::GenerationSettings settings;
    settings.prompt = given["prompt"].toString().toStdString();
    settings.negativePrompt = given["negative_prompt"].toString().toStdString();
    settings.clipSkip = given["clip_skip"].toInt(1);
    settings.guidance = given["guidance"].toDouble();
    settings.width = given["width"].toInt();
    settings.height = given["height"].toInt();
    settings.steps = given["steps"].toInt();
    settings.sampler = given["sampler"].toString().toStdString();
    settings.eta = usualEta(settings.sampler);
    settings.schedule = given["schedule"].toString().toStdString();
    settings.seed = given["seed"].toInt();
    const auto guidance = pipeline.guidance(settings);
    for (int i = 0; i < given["count"].toInt(); ++i) {
        Drawing drawing = pipeline.drawingFor(settings, i, guidance);
        while (!drawing.done()) {
            pipeline.advance(std::array{&drawing});
        }
        compare("latents", drawing.latents(), expected.slice(0, i, i + 1), unit);
        for (const char* error : {"timestep", "sign", "factor"}) {
            const std::string wrong = name + "/wrong/" + error;
            QVERIFY2(settings.steps != 20 || pictures.has(wrong), error);
            // tcd's errors in sign and factor are those of its noise, of which there is none here.
            const bool isSeen =
                pictures.has(wrong) && (settings.eta != 0 || error == std::string("timestep"));
            QVERIFY2(!isSeen || tests::greatestDifference(drawing.latents(), pictures[wrong]) >
                                    tests::gate("latents") * unit,
                     error);
        }
    }
}

void StagesTest::picturesFromPictures_data() {
    QTest::addColumn<QString>("model");
    QTest::addColumn<QString>("sampler");
    QTest::addColumn<QString>("schedule");
    for (const char* model : {"sd1-tiny", "sd2-tiny"}) {
        for (const protocol::SamplerKind& kind : protocol::samplerKinds()) {
            for (const std::string_view schedule : kind.schedules) {
                const auto text = [](std::string_view view) {
                    return QString::fromUtf8(view.data(), qsizetype(view.size()));
                };
                const auto key = std::string(model) + "/" + std::string(kind.name) + "/" +
                                 std::string(schedule) + "/latents";
                QVERIFY2(schedule != "default" || m_starts.has(key), key.c_str());
                if (m_starts.has(key)) {
                    QTest::addRow("%s %s %s", model, qPrintable(text(kind.name)), qPrintable(text(schedule)))
                        << model << text(kind.name) << text(schedule);
                }
            }
        }
    }
}

void StagesTest::picturesFromPictures() {
    QFETCH(QString, model);
    QFETCH(QString, sampler);
    QFETCH(QString, schedule);
    const std::string name = model.toStdString();
    Pipeline pipeline(kFixtures / "models" / name, openDevice("cpu"));
    protocol::GenerationSettings settings;
    settings.prompt = "a photo of an astronaut riding a horse on mars";
    settings.width = 104;
    settings.height = 72;
    settings.steps = 10;
    settings.guidance = 7.5;
    settings.sampler = sampler.toStdString();
    settings.eta = usualEta(settings.sampler);
    settings.schedule = schedule.toStdString();
    settings.seed = 42;
    const at::Tensor pixels = 2 * m_starts[name + "/pixels"] - 1;
    const at::Tensor expected =
        m_starts[name + "/" + settings.sampler + "/" + settings.schedule + "/latents"];
    const double unit = expected.std().item<double>();
    const auto guidance = pipeline.guidance(settings);
    const auto drawn = [&](double strength) {
        Drawing drawing = pipeline.drawingFor(
            settings, 0, guidance,
            {.picture = pipeline.encode(pixels), .first = protocol::firstStep(settings.steps, strength)});
        while (!drawing.done()) {
            pipeline.advance(std::array{&drawing});
        }
        return drawing.latents();
    };
    compare("latents", drawn(0.6), expected, unit);
    QVERIFY(tests::greatestDifference(drawn(0.7), expected) > tests::gate("latents") * unit);
}

void StagesTest::textsOfTwoEncodersLieSideBySide() {
    const auto part = [](const QString& model) {
        const auto folder = modelFolder(model);
        const auto load = [folder]() -> ResidentNetwork<TextEncoder>::Loaded {
            return {std::make_shared<const TextEncoder>(textEncoderOf(folder))};
        };
        return TextPart{*prompt::Tokenizer::load(folder.texts[0].tokenizerFolder),
                        std::make_shared<ResidentNetwork<TextEncoder>>(load),
                        folder.texts[0].encoder.vocabSize};
    };
    const auto stack = [&part](const QStringList& models) {
        std::vector<TextPart> parts;
        for (const QString& model : models) {
            parts.push_back(part(model));
        }
        return TextStack(std::move(parts), c10::Device(c10::kCPU)).encode("a red circle").context;
    };
    const at::Tensor both = stack({"sd1-tiny", "sd2-tiny"});
    QVERIFY(both.sizes() == at::IntArrayRef({1, 77, 64}));
    QCOMPARE(tests::greatestDifference(both.slice(2, 0, 32), stack({"sd1-tiny"})), 0.0);
    QCOMPARE(tests::greatestDifference(both.slice(2, 32), stack({"sd2-tiny"})), 0.0);
}

void StagesTest::conditionsAreStackedPartByPart() {
    const auto condition = [](float value) {
        return Conditioning{at::full({1, 3, 2}, value), at::full({1, 5}, value), {}};
    };
    const Conditioning both = stacked(std::array{condition(1), condition(2)});
    QVERIFY(both.context.sizes() == at::IntArrayRef({2, 3, 2}));
    QVERIFY(both.pooled.sizes() == at::IntArrayRef({2, 5}));
    QVERIFY(!both.extraIds.defined());
    QCOMPARE(both.pooled[1][4].item<float>(), 2.0F);
}

void StagesTest::pixelsRoundHalfToEven() {
    // Levels 76.5 and 178.5, to which the nearest even ones are below; then both ends and beyond.
    const at::Tensor decoded = at::tensor({-0.4F, 0.4F, -7.0F, 7.0F, -1.0F, 1.0F}).view({1, 3, 1, 2});
    const image::Image expected{2, 1, {76, 0, 0, 178, 255, 255}};
    QVERIFY(toImage(decoded) == expected);
}

void StagesTest::pixelsMustBeFinite() {
    at::Tensor decoded = at::zeros({1, 3, 4, 4});
    decoded[0][1][2][3] = std::numeric_limits<float>::quiet_NaN();
    QVERIFY_EXCEPTION_THROWN(toImage(decoded), Failure);
}

QTEST_GUILESS_MAIN(StagesTest)
#include "test_stages.moc"
