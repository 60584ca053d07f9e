// SPDX-License-Identifier: Apache-2.0
// Stable Diffusion XL, its refiner, and models with more inputs, against diffusers on the CPU, stage by
// stage.
#include <c10/core/InferenceMode.h>

#include <QTest>
#include <string>

#include "server/diffusion/failure.h"
#include "server/diffusion/families/family.h"
#include "server/diffusion/networks/unet/unet.h"
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

}  // namespace

class FamiliesTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init();
    void texts_data() { models(); }
    void texts();
    void unet_data() { models(); }
    void unet();
    void aUNetMustBeToldOfSizes();

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
    Networks networks = loadNetworks(modelFolder(model.toStdString()), kCpu, parts);
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
    const Networks networks = loadNetworks(modelFolder(model.toStdString()), kCpu, parts);
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
    Networks networks = loadNetworks(modelFolder("sdxl-tiny"), kCpu, parts);
    const Conditioning noSizes = networks.text.encode(kPrompt);
    QVERIFY_EXCEPTION_THROWN(networks.denoiser->predict(at::zeros({1, 4, 8, 8}), at::zeros({1}), noSizes),
                             Failure);
}

QTEST_GUILESS_MAIN(FamiliesTest)
#include "test_families.moc"
