// SPDX-License-Identifier: Apache-2.0
// Many models in a budget of memory, as the engine holds them.
#include <QTest>
#include <algorithm>
#include <map>

#include "server/diffusion/engine.h"
#include "tests/server/diffusion/edited_model.h"
#include "tests/server/diffusion/one_model.h"

using namespace easel;
using generator::ModelPlace;
using protocol::ModelState;
using tests::Drawn;
using tests::EditedModel;

namespace {

const std::string kVae = "vae/diffusion_pytorch_model.safetensors";

/// An engine, and what it has loaded since it was opened.
class Engine {
public:
    explicit Engine(std::int64_t memory) {
        m_engine =
            std::move(*diffusion::Engine::open({.device = "cpu", .precision = "fp32", .memory = memory}));
        m_engine->onStatusChanged([this] {
            for (const auto& model : m_engine->status().models) {
                m_loads[model.id] += model.state == ModelState::Loading && m_last[model.id] != model.state;
                m_last[model.id] = model.state;
            }
            std::erase_if(m_last, [this](const auto& last) { return !stateOf(last.first); });
        });
    }

    diffusion::Engine& operator*() { return *m_engine; }
    diffusion::Engine* operator->() { return m_engine.get(); }

    void submit(const ModelPlace& model, Drawn& drawn, int steps = 2) {
        protocol::GenerationSettings settings;
        settings.prompt = "a red circle";
        settings.width = settings.height = 64;
        settings.steps = steps;
        settings.sampler = "ddim";
        settings.seed = 5;
        m_engine->submit("request " + std::to_string(m_requests++), model, settings,
                         {.progress = [&drawn](const auto& made) { drawn.progress.push_back(made); },
                          .image = [&drawn](int, std::int64_t,
                                            image::Image image) { drawn.images.push_back(std::move(image)); },
                          .finished =
                              [&drawn](auto problem) {
                                  drawn.problem = std::move(problem);
                                  drawn.isFinished = true;
                              }});
    }

    Drawn draw(const ModelPlace& model) {
        Drawn drawn;
        submit(model, drawn);
        finish(drawn);
        return drawn;
    }

    void finish(const Drawn& drawn) {
        while (!drawn.isFinished) {
            m_engine->step();
        }
    }

    std::optional<ModelState> stateOf(const std::string& id) const {
        for (const auto& model : m_engine->status().models) {
            if (model.id == id) {
                return model.state;
            }
        }
        return {};
    }
    bool holds(const std::string& id) const { return stateOf(id) == ModelState::Loaded; }
    int loads(const std::string& id) { return m_loads[id]; }

private:
    std::unique_ptr<diffusion::Engine> m_engine;
    std::map<std::string, int> m_loads;
    std::map<std::string, ModelState> m_last;
    int m_requests = 0;
};

constexpr std::int64_t kPlenty = std::int64_t{1} << 32;

/// What one of the tiny models takes.
std::int64_t bytesOfOne() {
    static const std::int64_t bytes = [] {
        const EditedModel model("sd1-tiny");
        Engine engine(kPlenty);
        engine.draw({"one", model.root()});
        return engine->status().memoryUsed;
    }();
    return bytes;
}

}  // namespace

class ResidencyTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void switchingBackTakesNoLoad();
    void theLeastRecentlyUsedLeaves();
    void oneInUseStays();
    void partsOfTheSameFilesAreHeldOnce();
    void onlyAsManyPartsLeaveAsMust();
    void oneThatCannotFitIsRefused();
    void oneThatIsDamagedFailsAloneAndCanBeMended();
    void loadingGoesOnBesideTheDrawing();
    void aModelsNotesGoWithIt();
    void notAllFailuresAreRemembered();
    void loadAndUnload();
    void filesThatHaveChangedAreReadAgain();
};

void ResidencyTest::switchingBackTakesNoLoad() {
    const EditedModel a("sd1-tiny");
    const EditedModel b("sd2-tiny");
    Engine engine(kPlenty);
    const Drawn first = engine.draw({"a", a.root()});
    QVERIFY(!first.problem);
    QVERIFY(!engine.draw({"b", b.root()}).problem);
    const Drawn again = engine.draw({"a", a.root()});
    QVERIFY(again.images == first.images);
    QCOMPARE(engine.loads("a"), 1);
    QCOMPARE(engine.loads("b"), 1);
    QVERIFY(engine.holds("a") && engine.holds("b"));
    QCOMPARE(engine->status().models.front().id, std::string("a"));
}

void ResidencyTest::theLeastRecentlyUsedLeaves() {
    const EditedModel a("sd1-tiny");
    const EditedModel b("sd1-tiny");
    const EditedModel c("sd1-tiny");
    Engine engine(2 * bytesOfOne());
    engine.draw({"a", a.root()});
    engine.draw({"b", b.root()});
    engine.draw({"a", a.root()});
    engine.draw({"c", c.root()});
    QVERIFY(engine.holds("a"));
    QVERIFY(!engine.holds("b"));
    QVERIFY(engine.holds("c"));
    QVERIFY(engine->status().memoryUsed <= engine->status().memoryBudget);
    QVERIFY(!engine.draw({"b", b.root()}).problem);
    QCOMPARE(engine.loads("b"), 2);
}

void ResidencyTest::oneInUseStays() {
    const EditedModel a("sd1-tiny");
    const EditedModel b("sd1-tiny");
    Engine engine(bytesOfOne());
    Drawn longOne;
    Drawn other;
    Drawn later;
    engine.submit({"a", a.root()}, longOne, 30);
    while (longOne.progress.empty() || longOne.progress.back().step < 3) {
        engine->step();
    }
    engine.submit({"b", b.root()}, other);
    engine.submit({"a", a.root()}, later);  // has its model, but b was first and would wait for ever
    while (!longOne.isFinished) {
        engine->step();
        QVERIFY(engine->status().memoryUsed <= engine->status().memoryBudget);
        QVERIFY(longOne.isFinished ||
                (engine.holds("a") && other.progress.empty() && later.progress.empty()));
    }
    QVERIFY(!longOne.problem);
    engine.finish(other);
    engine.finish(later);
    QVERIFY(!other.problem && !later.problem);
    QCOMPARE(engine.loads("a"), 2);
}

void ResidencyTest::partsOfTheSameFilesAreHeldOnce() {
    const EditedModel a("sd1-tiny");
    const EditedModel b("sd1-tiny");
    std::filesystem::remove_all(b.root() / "unet");
    std::filesystem::create_directory_symlink(a.root() / "unet", b.root() / "unet");
    Engine engine(kPlenty);
    engine.draw({"a", a.root()});
    engine.draw({"b", b.root()});
    std::int64_t each = 0;
    for (const auto& model : engine->status().models) {
        each += model.bytes;
    }
    const auto unet = static_cast<std::int64_t>(
        std::filesystem::file_size(a.root() / "unet/diffusion_pytorch_model.safetensors"));
    QVERIFY(engine->status().memoryUsed < each - unet / 2);
    QVERIFY(engine.draw({"a", a.root()}).images == engine.draw({"b", b.root()}).images);
}

void ResidencyTest::onlyAsManyPartsLeaveAsMust() {
    const EditedModel a("sd1-tiny");
    const EditedModel b("sd1-tiny");
    Engine engine(2 * bytesOfOne() - 1);  // but for a part of a
    engine.draw({"a", a.root()});
    engine.draw({"b", b.root()});
    QVERIFY(!engine.holds("a"));
    const auto kept = engine->status().memoryUsed - bytesOfOne();
    QVERIFY2(kept > 0 && kept < bytesOfOne(), qPrintable(QString::number(kept)));
}

void ResidencyTest::oneThatCannotFitIsRefused() {
    const EditedModel a("sd1-tiny");
    Engine engine(bytesOfOne() - 1);
    const Drawn drawn = engine.draw({"a", a.root()});
    QVERIFY(drawn.problem);
    QCOMPARE(drawn.problem->status, 422);
    QVERIFY(drawn.problem->field == "model");
    QVERIFY2(drawn.problem->detail.find("MiB") != std::string::npos, drawn.problem->detail.c_str());
    QVERIFY(engine.stateOf("a") == ModelState::Failed);
    QCOMPARE(engine->status().memoryUsed, std::int64_t{0});
}

void ResidencyTest::oneThatIsDamagedFailsAloneAndCanBeMended() {
    const EditedModel good("sd1-tiny");
    EditedModel bad("sd1-tiny");
    bad.editTensors(kVae, [](QJsonObject& header, QByteArray&) {
        EditedModel::rename(header, "encoder.conv_in.bias", "encoder.conv_in.extra");
    });
    Engine engine(kPlenty);
    Drawn goes;
    Drawn fails;
    engine.submit({"good", good.root()}, goes, 20);
    engine.submit({"bad", bad.root()}, fails);
    engine.finish(fails);
    engine.finish(goes);
    QVERIFY(!goes.problem);
    QVERIFY(fails.problem);
    QVERIFY2(fails.problem->detail.find("encoder.conv_in.bias") != std::string::npos,
             fails.problem->detail.c_str());
    QVERIFY(engine.stateOf("bad") == ModelState::Failed);
    QVERIFY(engine.draw({"nowhere", "/nowhere"}).problem);

    bad.editTensors(kVae, [](QJsonObject& header, QByteArray&) {
        EditedModel::rename(header, "encoder.conv_in.extra", "encoder.conv_in.bias");
    });
    QVERIFY(!engine.draw({"bad", bad.root()}).problem);
    QVERIFY(engine.holds("bad"));
}

void ResidencyTest::loadingGoesOnBesideTheDrawing() {
    const EditedModel a("sd1-tiny");
    const EditedModel b("sd2-tiny");
    Engine engine(kPlenty);
    Drawn longOne;
    Drawn other;
    engine.submit({"a", a.root()}, longOne, 500);
    while (longOne.progress.empty() || longOne.progress.back().step < 3) {
        engine->step();
    }
    engine.submit({"b", b.root()}, other);
    engine.finish(other);
    QVERIFY(!other.problem);
    QVERIFY(!longOne.isFinished);
}

void ResidencyTest::aModelsNotesGoWithIt() {
    const EditedModel a("sd1-tiny");
    const auto unet = a.root() / "unet/diffusion_pytorch_model.safetensors";
    auto variant = unet;
    std::filesystem::rename(unet, variant.replace_extension("bf16.safetensors"));
    Engine engine(kPlenty);
    for (int i = 0; i < 3; ++i) {
        QVERIFY(!engine.draw({"a", a.root()}).problem);
        QCOMPARE(engine->status().notes.size(), std::size_t{1});
        engine->unload("a");
        engine->step();
        QVERIFY(engine->status().notes.empty());
    }
}

void ResidencyTest::notAllFailuresAreRemembered() {
    Engine engine(kPlenty);
    for (int i = 0; i < 150; ++i) {
        QVERIFY(engine.draw({"none " + std::to_string(i), "/nowhere"}).problem);
    }
    QCOMPARE(engine->status().models.size(), std::size_t{100});
    QVERIFY(engine.stateOf("none 149") == ModelState::Failed);
}

void ResidencyTest::loadAndUnload() {
    const EditedModel a("sd1-tiny");
    Engine engine(kPlenty);
    engine->load({"a", a.root()});
    while (!engine.holds("a")) {
        engine->step();
    }
    Drawn drawn;
    engine.submit({"a", a.root()}, drawn, 20);
    while (drawn.progress.empty() || drawn.progress.back().step < 3) {
        engine->step();
    }
    engine->unload("a");
    engine->step();
    QVERIFY(!engine.holds("a"));
    engine.finish(drawn);
    QVERIFY(!drawn.problem);
    engine->unload("a");  // not there: but what it left goes
    engine->step();
    QCOMPARE(engine->status().memoryUsed, std::int64_t{0});
    engine->load({"a", a.root()});
    engine->unload("a");
    engine->step();
    QVERIFY(!engine.draw({"a", a.root()}).problem);
}

void ResidencyTest::filesThatHaveChangedAreReadAgain() {
    EditedModel a("sd1-tiny");
    Engine engine(kPlenty);
    const Drawn before = engine.draw({"a", a.root()});
    a.editTensors("unet/diffusion_pytorch_model.safetensors", [](QJsonObject& header, QByteArray& data) {
        const auto at = EditedModel::offsetOf(header, "conv_out.bias");
        const float much = 0.5F;
        std::memcpy(data.data() + at, &much, sizeof much);
    });
    engine->unload("a");
    const Drawn after = engine.draw({"a", a.root()});
    QVERIFY(!after.problem);
    QVERIFY(after.images != before.images);
}

QTEST_GUILESS_MAIN(ResidencyTest)
#include "test_residency.moc"
