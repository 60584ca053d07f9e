// SPDX-License-Identifier: Apache-2.0
// Two models, and a VAE from elsewhere, for one picture, as the engine draws it.
#include <c10/core/InferenceMode.h>

#include <QTest>
#include <array>

#include "server/diffusion/engine.h"
#include "server/diffusion/pipeline.h"
#include "tests/server/diffusion/edited_model.h"
#include "tests/server/diffusion/one_model.h"

using namespace easel;
using namespace easel::diffusion;
using generator::Material;
using generator::Materials;
using tests::Drawn;

namespace {

const std::filesystem::path kModels = EASEL_SOURCE_DIR "/tests/fixtures/models";
const std::filesystem::path kBase = kModels / "sdxl-tiny";
const std::filesystem::path kRefiner = kModels / "sdxl-refiner-tiny";
constexpr std::int64_t kPlenty = std::int64_t{1} << 32;

protocol::GenerationSettings refined(const std::string& sampler = "euler_a") {
    protocol::GenerationSettings settings;
    settings.prompt = "a red circle";
    settings.width = settings.height = 64;
    settings.steps = 6;
    settings.sampler = sampler;
    settings.seed = 5;
    settings.refiner = "refiner";
    settings.refinerStart = 0.6;
    return settings;
}

Materials both(const std::filesystem::path& base = kBase, const std::filesystem::path& refiner = kRefiner) {
    return {{"base", base}, {{Material::Kind::Refiner, "refiner", refiner}}};
}

Materials withVae(const std::filesystem::path& vae) {
    return {{"base", kBase}, {{Material::Kind::Vae, "other", vae}}};
}

class AnEngine {
public:
    explicit AnEngine(std::int64_t memory = kPlenty)
        : m_engine(std::move(*Engine::open({.device = "cpu", .precision = "fp32", .memory = memory}))) {}

    Engine* operator->() { return m_engine.get(); }

    void submit(const Materials& materials, const protocol::GenerationSettings& settings, Drawn& drawn) {
        m_engine->submit("request " + std::to_string(m_requests++), materials, settings,
                         {.progress = [&drawn](const auto& made) { drawn.progress.push_back(made); },
                          .image = [&drawn](int, std::int64_t,
                                            image::Image image) { drawn.images.push_back(std::move(image)); },
                          .finished =
                              [&drawn](auto problem) {
                                  drawn.problem = std::move(problem);
                                  drawn.isFinished = true;
                              }});
    }

    Drawn draw(const Materials& materials, const protocol::GenerationSettings& settings) {
        Drawn drawn;
        submit(materials, settings, drawn);
        while (!drawn.isFinished) {
            m_engine->step();
        }
        return drawn;
    }

private:
    std::unique_ptr<Engine> m_engine;
    int m_requests = 0;
};

/// The same picture, stage by stage.
image::Image byHand(const protocol::GenerationSettings& settings, int index) {
    const c10::InferenceMode inference;
    Pipeline base(kBase, openDevice("cpu"));
    Pipeline refiner(kRefiner, openDevice("cpu"));
    Drawing drawing = base.drawingFor(settings, index, base.guidance(settings));
    while (!drawing.done()) {
        base.advance(std::array{&drawing});
    }
    Drawing rest = refiner.drawingAfter(drawing, settings, refiner.guidance(settings));
    while (!rest.done()) {
        refiner.advance(std::array{&rest});
    }
    return toImage(base.decode(rest.latents()));
}

}  // namespace

class RefinerTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void theRefinerMakesTheLastSteps();
    void progressGoesOnWhereTheModelLeft();
    void aliceAndBobShareBothModels();
    void whatCannotBeRefinedIsRefused_data();
    void whatCannotBeRefinedIsRefused();
    void twoThatDoNotFitTogetherAreRefused();
    void aVaeFromElsewhereTakesTheOwnsPlace();
    void aVaeThatDoesNotFitIsRefused();
};

void RefinerTest::theRefinerMakesTheLastSteps() {
    AnEngine engine;
    auto settings = refined();
    settings.count = 2;
    const Drawn drawn = engine.draw(both(), settings);
    QVERIFY2(!drawn.problem, drawn.problem ? drawn.problem->detail.c_str() : "");
    QCOMPARE(drawn.images.size(), std::size_t{2});
    QVERIFY(drawn.images[0] == byHand(settings, 0));
    QVERIFY(drawn.images[1] == byHand(settings, 1));
    settings.refiner.clear();
    QVERIFY(engine.draw(both(), settings).images[0] != drawn.images[0]);
}

void RefinerTest::progressGoesOnWhereTheModelLeft() {
    AnEngine engine;
    const Drawn drawn = engine.draw(both(), refined("ddim"));
    int last = 0;
    for (const protocol::Progress& progress : drawn.progress) {
        QVERIFY(progress.step >= last);
        QCOMPARE(progress.steps, 6);
        last = progress.step;
    }
    QCOMPARE(last, 6);
}

void RefinerTest::aliceAndBobShareBothModels() {
    AnEngine engine;
    const Drawn alone = engine.draw(both(), refined());
    Drawn alice;
    Drawn bob;
    engine.submit(both(), refined(), alice);
    engine.submit(both(), refined("ddim"), bob);
    while (!alice.isFinished || !bob.isFinished) {
        engine->step();
    }
    QVERIFY(!alice.problem && !bob.problem);
    QCOMPARE(alice.images.size(), std::size_t{1});
    QCOMPARE(bob.images.size(), std::size_t{1});
    QVERIFY(alice.images[0] != bob.images[0]);
}

void RefinerTest::whatCannotBeRefinedIsRefused_data() {
    QTest::addColumn<QString>("base");
    QTest::addColumn<QString>("refiner");
    QTest::addColumn<double>("start");
    QTest::addColumn<QString>("field");
    QTest::newRow("of another family") << "sdxl-tiny"
                                       << "sd1-tiny" << 0.6 << "refiner";
    QTest::newRow("for another family") << "sd1-tiny"
                                        << "sdxl-refiner-tiny" << 0.6 << "refiner";
    QTest::newRow("at once") << "sdxl-tiny"
                             << "sdxl-refiner-tiny" << 0.0 << "refiner_start";
    QTest::newRow("never") << "sdxl-tiny"
                           << "sdxl-refiner-tiny" << 1.0 << "refiner_start";
}

void RefinerTest::whatCannotBeRefinedIsRefused() {
    QFETCH(QString, base);
    QFETCH(QString, refiner);
    QFETCH(double, start);
    QFETCH(QString, field);
    AnEngine engine;
    auto settings = refined();
    settings.refinerStart = start;
    settings.count = 2;
    const Drawn drawn =
        engine.draw(both(kModels / base.toStdString(), kModels / refiner.toStdString()), settings);
    QVERIFY(drawn.problem);
    QVERIFY(drawn.images.empty());
    for (const protocol::Progress& progress : drawn.progress) {
        QCOMPARE(progress.step, 0);  // nothing is drawn for nothing
    }
    QCOMPARE(QString::fromStdString(drawn.problem->field.value_or("")), field);
    QVERIFY(engine.draw(both(), refined()).images.size() == 1);  // and the next is drawn
}

void RefinerTest::twoThatDoNotFitTogetherAreRefused() {
    const std::int64_t together = [] {
        AnEngine engine;
        engine.draw(both(), refined());
        return engine->status().memoryUsed;
    }();
    AnEngine engine(together - 1);
    const Drawn drawn = engine.draw(both(), refined());
    QVERIFY(drawn.problem);
    QCOMPARE(drawn.problem->field.value_or(""), std::string("refiner"));
    auto alone = refined();
    alone.refiner.clear();
    QVERIFY(!engine.draw({{"base", kBase}}, alone).problem);
}

void RefinerTest::aVaeFromElsewhereTakesTheOwnsPlace() {
    AnEngine engine;
    auto settings = refined();
    settings.refiner.clear();
    const Drawn own = engine.draw({{"base", kBase}}, settings);
    const std::int64_t before = engine->status().memoryUsed;
    const tests::EditedModel other("sdxl-tiny");
    other.editTensors("vae/diffusion_pytorch_model.safetensors", [](QJsonObject& header, QByteArray& data) {
        const auto at = tests::EditedModel::offsetOf(header, "decoder.conv_out.bias");
        data[at + 1] = char(data[at + 1] ^ 0x04);  // of a half-precision number's exponent
    });
    settings.vae = "other";
    const Drawn drawn = engine.draw(withVae(other.root() / "vae"), settings);
    QVERIFY2(!drawn.problem, drawn.problem ? drawn.problem->detail.c_str() : "");
    QVERIFY(drawn.images[0] != own.images[0]);
    // All other networks are shared, and the model is listed once.
    const auto status = engine->status();
    QVERIFY(status.memoryUsed < before + before / 2);
    QCOMPARE(status.models.size(), std::size_t{1});
    // The same VAE under another name makes the same picture; the model's own is there again without it.
    QVERIFY(engine.draw(withVae(kBase / "vae"), settings).images[0] == own.images[0]);
    settings.vae.clear();
    QVERIFY(engine.draw({{"base", kBase}}, settings).images[0] == own.images[0]);
}

void RefinerTest::aVaeThatDoesNotFitIsRefused() {
    AnEngine engine;
    auto settings = refined();
    settings.refiner.clear();
    settings.vae = "other";
    const tests::EditedModel other("sdxl-tiny");
    other.editJson("vae/config.json", [](QJsonObject& json) { json["latent_channels"] = 8; });
    for (const auto& vae : {other.root() / "vae", other.root() / "nothing"}) {
        const Drawn drawn = engine.draw(withVae(vae), settings);
        QVERIFY(drawn.problem);
        QCOMPARE(drawn.problem->field.value_or(""), std::string("vae"));
    }
    settings.vae.clear();
    QVERIFY(!engine.draw({{"base", kBase}}, settings).problem);  // it was not the model's fault
}

QTEST_GUILESS_MAIN(RefinerTest)
#include "test_refiner.moc"
