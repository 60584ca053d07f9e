// SPDX-License-Identifier: Apache-2.0
// ControlNets against diffusers on the CPU: what they make of one input, and the pictures that hold to them.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <QTest>
#include <algorithm>
#include <string>

#include "server/diffusion/failure.h"
#include "server/diffusion/networks/controlnet/controlnet.h"
#include "server/diffusion/pipeline.h"
#include "tests/server/diffusion/tensor_file.h"
#include "tests/support/gates.h"

using namespace easel;
using namespace easel::diffusion;

namespace {

const std::filesystem::path kFixtures = EASEL_SOURCE_DIR "/tests/fixtures";
const Placement kCpu{c10::Device(c10::kCPU), c10::kFloat};

models::ModelFolder modelWith(const std::string& model, const std::filesystem::path& controlNet) {
    auto folder = models::openModelFolder(kFixtures / "models" / model);
    if (!folder) {
        throw std::runtime_error(folder.error().detail);
    }
    models::addControlNet(*folder, controlNet);
    return std::move(*folder);
}

}  // namespace

class ControlNetTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init();
    void residuals_data();
    void residuals();
    void pictures_data();
    void pictures();
    void isHeardWhenWholeStepsLieBetween();
    void countsTheStepsThatAreTaken();
    void anothersIsRefused();
    void aTaughtModelTakesThoseOfOthers();

private:
    const c10::InferenceMode m_inference;
    const tests::TensorFile m_golden{kFixtures / "controlnet/golden.safetensors"};
};

void ControlNetTest::init() {
    at::globalContext().setSDPUseFlash(false);
    at::globalContext().setSDPUseMemEfficient(false);
}

void ControlNetTest::residuals_data() {
    QTest::addColumn<QString>("model");
    QTest::newRow("sd1") << "sd1-tiny";
    QTest::newRow("sdxl") << "sdxl-tiny";
}

void ControlNetTest::residuals() {
    QFETCH(QString, model);
    const std::string kind = QTest::currentDataTag();
    const auto place = kFixtures / "controlnet" / kind;
    const auto folder = modelWith(model.toStdString(), place);
    Parts parts;
    const Networks networks = loadNetworks(folder, kCpu, {}, parts);
    const auto& net = networks.controlNets.at(models::controlNetPart(place));

    Conditioning given{m_golden[kind + "/context"]};
    if (kind == "sdxl") {
        given.pooled = m_golden[kind + "/pooled"];
        given.extraIds = m_golden[kind + "/ids"];
    }
    const at::Tensor timesteps = at::full({2}, 501.5, at::kFloat);
    const Residuals made =
        net->forward(m_golden[kind + "/sample"], timesteps, given, net->encode(m_golden["hints"]));
    // The gate is for values of up to 4.
    const double unit = std::max(m_golden[kind + "/mid"].abs().max().item<double>() / 4, 1.0);
    double off = tests::greatestDifference(made.mid, m_golden[kind + "/mid"]);
    for (std::size_t i = 0; i < made.skips.size(); ++i) {
        off = std::max(
            off, tests::greatestDifference(made.skips[i], m_golden[kind + "/skips/" + std::to_string(i)]));
    }
    QVERIFY2(off <= tests::gate("unet") * unit, qPrintable(QString("off by %1").arg(off)));
    // Pictures that change places would be seen.
    const Residuals swapped =
        net->forward(m_golden[kind + "/sample"], timesteps, given, net->encode(m_golden["hints"].flip(0)));
    QVERIFY(tests::greatestDifference(swapped.mid, m_golden[kind + "/mid"]) >
            10 * tests::gate("unet") * unit);
}

void ControlNetTest::pictures_data() {
    QTest::addColumn<QList<double>>("uses");  // scale, start and end of each
    QTest::newRow("all along") << QList<double>{0.8, 0, 1};
    QTest::newRow("for a while") << QList<double>{1.5, 0.25, 0.7};
    QTest::newRow("two") << QList<double>{0.7, 0, 0.6, -0.5, 0.3, 1};
}

void ControlNetTest::pictures() {
    QFETCH(QList<double>, uses);
    const auto place = kFixtures / "controlnet/sd1";
    Parts parts;
    Pipeline pipeline(modelWith("sd1-tiny", place), openDevice("cpu", "fp32"), parts);
    protocol::GenerationSettings settings;
    settings.prompt = "a photo of an astronaut riding a horse on mars";
    settings.negativePrompt = "blurry red cat";
    settings.width = 104;
    settings.height = 72;
    settings.steps = 8;
    settings.sampler = "euler";
    settings.seed = 42;
    const auto draw = [&](bool isHeld) {
        Drawing drawing = pipeline.drawingFor(settings, 0, pipeline.guidance(settings));
        std::vector<Control> controls;
        for (qsizetype i = 0; isHeld && i < uses.size(); i += 3) {
            const at::Tensor pixels = m_golden["hints"].slice(0, i / 3, i / 3 + 1);
            controls.push_back(
                pipeline.control(place, pixels, {"net", "picture", uses[i], uses[i + 1], uses[i + 2]}));
        }
        drawing.holdTo(std::move(controls));
        Drawing* const one = &drawing;
        while (!drawing.done()) {
            pipeline.advance({&one, 1});
        }
        return drawing.latents();
    };
    const at::Tensor expected = m_golden["pictures/" + std::string(QTest::currentDataTag()) + "/latents"];
    const double unit = expected.std().item<double>();
    const double off = tests::greatestDifference(draw(true), expected) / unit;
    QVERIFY2(off <= tests::gate("latents"), qPrintable(QString("off by %1").arg(off)));
    QVERIFY(tests::greatestDifference(draw(false), expected) > 10 * tests::gate("latents") * unit);
}

void ControlNetTest::isHeardWhenWholeStepsLieBetween() {
    const Control control{nullptr, {}, 2, 0.25, 0.75};
    QCOMPARE(control.strengthAt(0, 4), 0.0);
    QCOMPARE(control.strengthAt(1, 4), 2.0);
    QCOMPARE(control.strengthAt(2, 4), 2.0);
    QCOMPARE(control.strengthAt(3, 4), 0.0);
    QCOMPARE(control.strengthAt(1, 3), 0.0 + 2.0);  // a third to two thirds
    QCOMPARE(control.strengthAt(2, 3), 0.0);        // it ends beyond
}

/// Of a picture that goes on with another, the steps that are taken count, as diffusers has it.
void ControlNetTest::countsTheStepsThatAreTaken() {
    const auto place = kFixtures / "controlnet/sd1";
    Parts parts;
    Pipeline pipeline(modelWith("sd1-tiny", place), openDevice("cpu", "fp32"), parts);
    protocol::GenerationSettings settings;
    settings.prompt = "a red circle";
    settings.width = 104;
    settings.height = 72;
    settings.steps = 8;
    settings.sampler = "euler";
    const Start start{.latents = at::ones({1, 4, 9, 13}), .first = 4};
    const auto draw = [&](double end, std::size_t letGoAfter) {
        Drawing drawing = pipeline.drawingFor(settings, 0, pipeline.guidance(settings), start);
        drawing.holdTo({pipeline.control(place, m_golden["hints"].slice(0, 0, 1), {"net", "", 1, 0, end})});
        Drawing* const one = &drawing;
        for (std::size_t step = 0; !drawing.done(); ++step) {
            if (step == letGoAfter) {
                drawing.holdTo({});
            }
            pipeline.advance({&one, 1});
        }
        return drawing.latents();
    };
    QVERIFY(draw(0.5, 8).equal(draw(1, 2)));
    QVERIFY(!draw(0.5, 8).equal(draw(1, 0)));
}

// Models that were distilled have one more projection, their ControlNets are those of the plain model.
void ControlNetTest::aTaughtModelTakesThoseOfOthers() {
    const auto place = kFixtures / "controlnet/sd1";
    auto folder = modelWith("sd1-tiny", place);
    folder.unet.guidanceWidth = 32;
    const auto source = valueOrThrow(models::openWeights(folder, models::controlNetPart(place)));
    const ControlNet net(Weights(source, kCpu), controlNetShape(source, folder.unet));
    Conditioning given{m_golden["sd1/context"]};
    given.guidance = at::full({2}, 7.5, at::kFloat);
    const Residuals made = net.forward(m_golden["sd1/sample"], at::full({2}, 501.5, at::kFloat), given,
                                       net.encode(m_golden["hints"]));
    QVERIFY(tests::greatestDifference(made.mid, m_golden["sd1/mid"]) <
            0.01 * m_golden["sd1/mid"].abs().max().item<double>());
}

void ControlNetTest::anothersIsRefused() {
    Parts parts;
    try {
        loadNetworks(modelWith("sd1-tiny", kFixtures / "controlnet/sdxl"), kCpu, {}, parts);
        QFAIL("It was taken.");
    } catch (const Failure& failure) {
        QVERIFY(QString::fromStdString(failure.problem().detail).contains("controlnet/sdxl"));
    }
    // What is no ControlNet at all.
    QVERIFY_EXCEPTION_THROWN(
        loadNetworks(modelWith("sd1-tiny", kFixtures / "models/sd1-tiny/unet"), kCpu, {}, parts), Failure);
}

QTEST_GUILESS_MAIN(ControlNetTest)
#include "test_controlnet.moc"
