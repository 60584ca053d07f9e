// SPDX-License-Identifier: Apache-2.0
// Hurried pictures against diffusers' networks on the CPU (tests/reference/accelerations.py), alone and in
// company.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <QTest>
#include <array>
#include <functional>
#include <list>
#include <random>
#include <string>
#include <vector>

#include "server/diffusion/failure.h"
#include "server/diffusion/pipeline.h"
#include "tests/server/diffusion/edited_model.h"
#include "tests/server/diffusion/small_drawing.h"
#include "tests/server/diffusion/tensor_file.h"
#include "tests/support/gates.h"
#include "tests/support/same_picture.h"

using namespace easel;
using namespace easel::diffusion;

namespace {

const std::filesystem::path kPlace = tests::kFixtures;

protocol::GenerationSettings usual(const std::string& sampler, int steps = 8) {
    protocol::GenerationSettings settings;
    settings.prompt = "a photo of an astronaut riding a horse on mars";
    settings.negativePrompt = "blurry red cat";
    settings.width = 104;
    settings.height = 72;
    settings.steps = steps;
    settings.sampler = sampler;
    settings.seed = 42;
    return settings;
}

struct Case {
    const char* name;
    const char* model;
    protocol::GenerationSettings settings;
    bool isControlled = false;
};

/// As tests/reference/accelerations.py asks.
std::vector<Case> cases() {
    const auto of = [](const char* name, const char* model, const char* sampler, int steps,
                       const std::function<void(protocol::GenerationSettings&)>& hurry) {
        Case made{name, model, usual(sampler, steps)};
        hurry(made.settings);
        return made;
    };
    using Settings = protocol::GenerationSettings&;
    std::vector<Case> all{
        of("guidance within", "sd1-tiny", "euler", 8,
           [](Settings it) { it.guidanceFrom = 0.25, it.guidanceTo = 0.75; }),
        of("guidance ends", "sd1-tiny", "ddim", 8, [](Settings it) { it.guidanceTo = 0.5; }),
        of("guidance begins", "sdxl-tiny", "dpmpp_2m", 8, [](Settings it) { it.guidanceFrom = 0.4; }),
        of("guidance, two looks", "sd2-tiny", "heun", 8,
           [](Settings it) { it.guidanceFrom = 0.2, it.guidanceTo = 0.6; }),
        of("cached", "sd1-tiny", "euler", 8, [](Settings it) { it.deepcacheInterval = 3; }),
        of("cached, two looks", "sd1-tiny", "heun", 8, [](Settings it) { it.deepcacheInterval = 2; }),
        of("cached, one look more", "sd2-tiny", "pndm", 8, [](Settings it) { it.deepcacheInterval = 2; }),
        of("cached, xl", "sdxl-tiny", "dpmpp_2m", 8, [](Settings it) { it.deepcacheInterval = 3; }),
        of("cached, controlled", "sd1-tiny", "euler", 8, [](Settings it) { it.deepcacheInterval = 2; }),
        of("cached, guidance begins", "sd1-tiny", "euler", 8,
           [](Settings it) { it.deepcacheInterval = 4, it.guidanceFrom = 0.3, it.guidanceTo = 0.8; }),
        of("merged", "sd1-tiny", "euler", 3, [](Settings it) { it.tokenMerging = 0.5; }),
        of("merged, all that may", "sd2-tiny", "euler", 3, [](Settings it) { it.tokenMerging = 0.75; }),
        of("merged, xl", "sdxl-tiny", "euler", 3, [](Settings it) { it.tokenMerging = 0.3; }),
        of("merged and cached", "sd1-tiny", "dpm2", 3,
           [](Settings it) { it.tokenMerging = 0.4, it.deepcacheInterval = 2; }),
    };
    all[8].isControlled = true;
    return all;
}

/// The same, but not hurried.
protocol::GenerationSettings unhurried(protocol::GenerationSettings settings) {
    const protocol::GenerationSettings usual;
    settings.guidanceFrom = usual.guidanceFrom;
    settings.guidanceTo = usual.guidanceTo;
    settings.deepcacheInterval = usual.deepcacheInterval;
    settings.tokenMerging = usual.tokenMerging;
    return settings;
}

}  // namespace

class AccelerationsTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init();
    void latentsAreTheReferences_data() { addCases(); }
    void latentsAreTheReferences();
    void companyChangesNothing_data() { addCases(); }
    void companyChangesNothing();
    void rowsOneByOneChangeNothing_data() { addCases(); }
    void rowsOneByOneChangeNothing();
    void featuresAreKeptForEachBranchAlone();
    void stepsWithoutGuidanceTakeOneRow();
    void aRefinerGoesOnCounting();
    void whoIsCancelledLeavesTheOthersAlone();
    void theTinyDecoderMakesThePixels();
    void aModelWithoutTinyDecoderSaysSo();
    void aTinyDecoderOfAnotherScaleIsRefused();

private:
    static void addCases();
    Pipeline pipelineOf(const Case& given) const;
    Drawing begin(Pipeline& pipeline, const Case& given, const protocol::GenerationSettings& settings) const;
    at::Tensor draw(Pipeline& pipeline, const Case& given, const protocol::GenerationSettings& settings,
                    Rows rows = Rows::Together) const;
    Case settled(int index) const;

    const c10::InferenceMode m_inference;
    const tests::TensorFile m_golden{kPlace / "accelerations.safetensors"};
    const at::Tensor m_hint =
        tests::TensorFile(kPlace / "controlnet/golden.safetensors")["hints"].slice(0, 0, 1);
};

void AccelerationsTest::init() {
    at::globalContext().setSDPUseFlash(false);
    at::globalContext().setSDPUseMemEfficient(false);
}

void AccelerationsTest::addCases() {
    QTest::addColumn<int>("index");
    const auto all = cases();
    for (std::size_t i = 0; i < all.size(); ++i) {
        QTest::newRow(all[i].name) << static_cast<int>(i);
    }
}

Pipeline AccelerationsTest::pipelineOf(const Case& given) const {
    auto folder = valueOrThrow(models::openModelFolder(kPlace / "models" / given.model));
    if (given.isControlled) {
        models::addControlNet(folder, kPlace / "controlnet/sd1");
    }
    Parts parts;
    return {std::move(folder), openDevice("cpu", "fp32"), parts};
}

Drawing AccelerationsTest::begin(Pipeline& pipeline, const Case& given,
                                 const protocol::GenerationSettings& settings) const {
    Drawing drawing = pipeline.drawingFor(settings, 0, pipeline.guidance(settings));
    if (given.isControlled) {
        drawing.holdTo({pipeline.control(kPlace / "controlnet/sd1", m_hint, {"net", "picture", 1, 0, 1})});
    }
    return drawing;
}

at::Tensor AccelerationsTest::draw(Pipeline& pipeline, const Case& given,
                                   const protocol::GenerationSettings& settings, Rows rows) const {
    Drawing drawing = begin(pipeline, given, settings);
    while (!drawing.done()) {
        pipeline.advance(std::array{&drawing}, rows);
    }
    return drawing.latents();
}

/// With the seed of its golden picture.
Case AccelerationsTest::settled(int index) const {
    Case given = cases()[static_cast<std::size_t>(index)];
    given.settings.seed = m_golden[std::string(given.name) + "/seed"].item<std::int64_t>();
    return given;
}

void AccelerationsTest::latentsAreTheReferences() {
    QFETCH(int, index);
    const Case given = settled(index);
    Pipeline pipeline = pipelineOf(given);
    const at::Tensor expected = m_golden[std::string(given.name) + "/latents"];
    const at::Tensor plain = m_golden[std::string(given.name) + "/plain"];
    const double unit = expected.std().item<double>();
    const double off = tests::greatestDifference(draw(pipeline, given, given.settings), expected) / unit;
    qInfo("%s: %.1e of a deviation", given.name, off);
    QVERIFY(off <= tests::gate("latents"));
    // That the fields are read, and what they are when they are not given.
    const double without =
        tests::greatestDifference(draw(pipeline, given, unhurried(given.settings)), plain) / unit;
    QVERIFY2(without <= tests::gate("latents"), qPrintable(QString("off by %1").arg(without)));
    QVERIFY(tests::greatestDifference(expected, plain) / unit > 10 * tests::gate("latents"));
}

/// Others of which each is hurried otherwise, and which come and go.
void AccelerationsTest::companyChangesNothing() {
    QFETCH(int, index);
    const Case given = settled(index);
    Pipeline pipeline = pipelineOf(given);
    std::mt19937 random(static_cast<unsigned>(index));
    const auto below = [&random](int limit) {
        return static_cast<int>(random() % static_cast<unsigned>(limit));
    };
    const auto anyone = [&] {
        auto other = usual(below(2) == 0 ? "euler" : "heun", 2 + below(5));
        other.seed = below(100);
        other.guidance = below(4) == 0 ? 1 : 5;
        other.deepcacheInterval = 1 + below(3);
        other.tokenMerging = below(2) == 0 ? given.settings.tokenMerging : 0.25;
        other.guidanceFrom = below(2) == 0 ? 0 : 0.5;
        return pipeline.drawingFor(other, 0, pipeline.guidance(other));
    };
    Drawing drawing = begin(pipeline, given, given.settings);
    std::list<Drawing> others;
    while (!drawing.done()) {
        others.remove_if([](const Drawing& other) { return other.done(); });
        while (others.size() < 3) {
            others.push_back(anyone());
        }
        std::vector<Drawing*> together;
        for (Drawing& other : others) {
            together.push_back(&other);
        }
        together.insert(together.begin() + below(4), &drawing);
        pipeline.advance(together);
    }
    const at::Tensor expected = m_golden[std::string(given.name) + "/latents"];
    const double off = tests::greatestDifference(drawing.latents(), expected) / expected.std().item<double>();
    QVERIFY2(off <= tests::gate("latents"), qPrintable(QString("off by %1").arg(off)));
}

void AccelerationsTest::rowsOneByOneChangeNothing() {
    QFETCH(int, index);
    const Case given = settled(index);
    Pipeline pipeline = pipelineOf(given);
    const at::Tensor expected = m_golden[std::string(given.name) + "/latents"];
    const double off =
        tests::greatestDifference(draw(pipeline, given, given.settings, Rows::OneByOne), expected) /
        expected.std().item<double>();
    QVERIFY2(off <= tests::gate("latents"), qPrintable(QString("off by %1").arg(off)));
}

void AccelerationsTest::featuresAreKeptForEachBranchAlone() {
    const Case given = settled(4);
    Pipeline pipeline = pipelineOf(given);
    Drawing one = begin(pipeline, given, given.settings);
    Drawing other = begin(pipeline, given, unhurried(given.settings));
    QCOMPARE(one.keptBytes(), std::int64_t{0});
    const std::int64_t room = pipeline.memoryOfStep(one) - pipeline.memoryOfStep(other);
    while (!one.done()) {
        QCOMPARE(one.isShort(), one.accepted() % 3 != 0);
        pipeline.advance(std::array{&one, &other});
        // Two branches of 16 channels, as wide as the latents.
        QCOMPARE(one.keptBytes(), one.done() ? 0 : std::int64_t{2 * 16 * 9 * 13 * 4});
        QCOMPARE(other.keptBytes(), std::int64_t{0});
    }
    QCOMPARE(room, std::int64_t{2 * 16 * 9 * 13 * 4});
}

void AccelerationsTest::stepsWithoutGuidanceTakeOneRow() {
    const Case given = settled(9);
    Pipeline pipeline = pipelineOf(given);
    Drawing drawing = begin(pipeline, given, given.settings);
    std::vector<std::int64_t> rows;
    std::vector<bool> isShort;
    while (!drawing.done()) {
        rows.push_back(drawing.branches());
        isShort.push_back(drawing.isShort());
        pipeline.advance(std::array{&drawing});
    }
    QVERIFY((rows == std::vector<std::int64_t>{1, 1, 2, 2, 2, 2, 1, 1}));
    // Where guidance begins its other branch has nothing to use again.
    QVERIFY((isShort == std::vector<bool>{false, true, false, true, false, true, true, true}));

    // Prompts that are joined need the negative one for the prompt alone, too: with a scale of 1.
    auto joined = given.settings;
    joined.prompt = "a red circle AND two foxes :0.5";
    joined.deepcacheInterval = 1;
    joined.guidanceFrom = 0.99;
    joined.guidanceTo = 1;
    auto plain = unhurried(joined);
    plain.guidance = 1;
    QCOMPARE(pipeline.drawingFor(joined, 0, pipeline.guidance(joined)).branches(), std::int64_t{3});
    joined.steps = plain.steps = 3;
    joined.guidanceFrom = 0;
    joined.guidanceTo = 0.1;  // of three steps none
    const at::Tensor expected = draw(pipeline, given, plain);
    QVERIFY(tests::greatestDifference(draw(pipeline, given, joined), expected) <=
            tests::gate("latents") * expected.std().item<double>());
}

void AccelerationsTest::aRefinerGoesOnCounting() {
    Pipeline base(kPlace / "models/sdxl-tiny", openDevice("cpu", "fp32"));
    Pipeline refiner(kPlace / "models/sdxl-refiner-tiny", openDevice("cpu", "fp32"));
    auto settings = usual("euler", 10);
    settings.refiner = "refiner";
    settings.refinerStart = 0.5;
    settings.guidanceFrom = 0.2;
    settings.guidanceTo = 0.8;
    settings.deepcacheInterval = 2;
    std::vector<std::int64_t> rows;
    std::vector<bool> isShort;
    const auto finish = [&](const Pipeline& pipeline, Drawing& drawing) {
        while (!drawing.done()) {
            rows.push_back(drawing.branches());
            isShort.push_back(drawing.isShort());
            pipeline.advance(std::array{&drawing});
        }
    };
    Drawing begun = base.drawingFor(settings, 0, base.guidance(settings));
    finish(base, begun);
    const std::size_t before = rows.size();
    QVERIFY(before > 2 && before < 8);
    Drawing rest = refiner.drawingAfter(begun, settings, refiner.guidance(settings));
    finish(refiner, rest);
    QCOMPARE(rows.size(), std::size_t{10});
    for (std::size_t step = 0; step < rows.size(); ++step) {
        QCOMPARE(rows[step], std::int64_t{step >= 2 && step < 8 ? 2 : 1});
        // The features of one network are none of another's.
        const std::size_t own = step < before ? step : step - before;
        QCOMPARE(bool(isShort[step]), own % 2 != 0);
    }
}

void AccelerationsTest::whoIsCancelledLeavesTheOthersAlone() {
    tests::OneModel model(kPlace / "models/sd1-tiny");
    auto settings = usual("euler", 6);
    settings.deepcacheInterval = 3;
    settings.guidanceFrom = 0.5;
    settings.count = 2;
    const tests::Drawn alone = model.draw(settings);
    QVERIFY(!alone.problem);
    auto other = settings;
    other.prompt = "a red circle";
    other.seed = 7;
    tests::Drawn left;
    tests::Drawn kept;
    model.submit("left", other, left, 4);
    model.submit("kept", settings, kept);
    while (!left.isFinished || !kept.isFinished) {
        model.engine().step();
    }
    QVERIFY(left.problem && left.images.empty());
    QVERIFY(!kept.problem);
    QCOMPARE(kept.images.size(), std::size_t{2});
    for (std::size_t i = 0; i < kept.images.size(); ++i) {
        QVERIFY(tests::isSamePicture(kept.images[i], alone.images[i]));
    }
}

void AccelerationsTest::theTinyDecoderMakesThePixels() {
    tests::EditedModel folder("sd1-tiny");
    std::filesystem::copy(kPlace / "tiny_vae/diffusers", folder.root() / "tiny_vae");
    tests::OneModel model(folder.root());
    auto settings = usual("euler");
    const tests::Drawn full = model.draw(settings);
    settings.decoder = "tiny";
    const tests::Drawn tiny = model.draw(settings);
    QVERIFY(!full.problem && !tiny.problem);
    const at::Tensor expected = m_golden["tiny decoder/picture"].to(at::kInt);
    const auto pixels = [](const tests::Drawn& drawn) {
        const image::Image& picture = drawn.images.front();
        return at::tensor(picture.rgb, at::kByte).view({picture.height, picture.width, 3}).to(at::kInt);
    };
    QVERIFY(tests::greatestDifference(pixels(tiny), expected) <= 1);
    QVERIFY(tests::greatestDifference(pixels(full), expected) > 10);
}

void AccelerationsTest::aModelWithoutTinyDecoderSaysSo() {
    tests::OneModel model(kPlace / "models/sd1-tiny");
    auto settings = tests::small();
    settings.decoder = "tiny";
    const tests::Drawn drawn = model.draw(settings);
    QVERIFY(drawn.problem);
    QCOMPARE(drawn.problem->field, "decoder");
}

void AccelerationsTest::aTinyDecoderOfAnotherScaleIsRefused() {
    tests::EditedModel folder("sd1-tiny");
    std::filesystem::copy(kPlace / "tiny_vae/diffusers", folder.root() / "tiny_vae");
    // Its last stage becomes a part of the encoder, which nobody reads.
    folder.editTensors(
        "tiny_vae/diffusion_pytorch_model.safetensors", [](QJsonObject& header, QByteArray& /*data*/) {
            for (const QString& name : header.keys()) {
                const QStringList words = name.split('.');
                const int layer = words.size() > 2 && words[0] == "decoder" ? words[2].toInt() : 0;
                if (layer == 10 || layer == 11) {
                    tests::EditedModel::rename(header, name,
                                               QString(name).replace("decoder.layers.", "encoder.layers.1"));
                } else if (layer == 12) {
                    tests::EditedModel::rename(header, name, "decoder.layers.9." + words.last());
                }
            }
        });
    tests::OneModel model(folder.root());
    auto settings = tests::small();
    settings.decoder = "tiny";
    const tests::Drawn drawn = model.draw(settings);
    QVERIFY(drawn.problem && drawn.images.empty());
    QCOMPARE(drawn.problem->field, "decoder");
}

QTEST_GUILESS_MAIN(AccelerationsTest)
#include "test_accelerations.moc"
