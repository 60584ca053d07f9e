// SPDX-License-Identifier: Apache-2.0
// The stages that a worker proves itself with, and the gates that they have to pass.
#include <ATen/ATen.h>

#include <QTest>

#include "server/diffusion/failure.h"
#include "server/diffusion/pipeline.h"
#include "server/diffusion/proof.h"
#include "server/doctor/likeness.h"

using namespace easel;
using namespace easel::diffusion;

namespace {

const std::filesystem::path kTiny = EASEL_SOURCE_DIR "/tests/fixtures/models/sd1-tiny";
const std::filesystem::path kStarter = EASEL_SOURCE_DIR "/resources/starter-model/model";

/// The CPU, in any precision: it rounds as a GPU does.
Device cpuIn(c10::ScalarType dtype) {
    return {{c10::Device(c10::kCPU), dtype}, "cpu", "", "", ""};
}

protocol::GenerationSettings settings(const std::string& prompt, int side = 64, int steps = 5) {
    protocol::GenerationSettings made;
    made.prompt = prompt;
    made.width = side;
    made.height = side;
    made.steps = steps;
    made.guidance = 3;
    made.sampler = "ddim";
    made.seed = 1;
    return made;
}

/// As the doctor has it drawn.
protocol::GenerationSettings proofOf(const std::string& prompt) {
    return settings(prompt, 128, 15);
}

std::vector<generator::Stage> stagesOf(const std::filesystem::path& model, const Device& device,
                                       const protocol::GenerationSettings& picture,
                                       generator::Proof* proof = nullptr) {
    std::vector<generator::Stage> stages;
    const auto made =
        prove(model, device, picture, [&](generator::Stage stage) { stages.push_back(std::move(stage)); });
    if (proof != nullptr) {
        *proof = made;
    }
    return stages;
}

bool allRight(const std::vector<doctor::Likeness>& likenesses) {
    return std::ranges::all_of(likenesses, [](const auto& each) { return each.isRight(); });
}

}  // namespace

class TestProof : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aPictureIsToldStageByStage() {
        generator::Proof proof;
        const auto stages = stagesOf(kTiny, cpuIn(c10::kFloat), settings("fox"), &proof);
        QCOMPARE(stages.size(), std::size(generator::kStages));
        for (std::size_t i = 0; i < stages.size(); ++i) {
            QCOMPARE(stages[i].name, std::string(generator::kStages[i]));
        }
        QCOMPARE(stages[0].shape.size(), std::size_t{3});
        QCOMPARE(stages[1].shape, (std::vector<std::int64_t>{2, 4, stages[2].shape[2], stages[2].shape[3]}));
        QCOMPARE(stages[3].shape, (std::vector<std::int64_t>{64, 64, 3}));
        QCOMPARE(proof.stepSeconds.size(), std::size_t{5});
        QVERIFY(proof.pictureSeconds > 0 && proof.memory > 0);
    }

    void thePictureIsTheOneThatThePipelineDraws() {
        const auto stages = stagesOf(kTiny, cpuIn(c10::kFloat), settings("fox"));
        const c10::InferenceMode inference;
        Pipeline pipeline(kTiny, cpuIn(c10::kFloat));
        Drawing drawing = pipeline.drawingFor(settings("fox"), 0, pipeline.guidance(settings("fox")));
        while (!drawing.done()) {
            pipeline.advance(std::array{&drawing});
        }
        const auto picture = toImage(pipeline.decode(drawing.latents()));
        QVERIFY(std::ranges::equal(picture.rgb, stages[3].values,
                                   [](std::uint8_t a, float b) { return static_cast<float>(a) == b; }));
    }

    void halfPrecisionPassesItsGates_data() {
        QTest::addColumn<int>("dtype");
        QTest::addColumn<QString>("precision");
        QTest::newRow("fp16") << static_cast<int>(c10::kHalf) << "fp16";
        QTest::newRow("bf16") << static_cast<int>(c10::kBFloat16) << "bf16";
    }

    /// And would not pass for single precision: that is what a GPU does that computes with TF32.
    void halfPrecisionPassesItsGates() {
        QFETCH(int, dtype);
        QFETCH(QString, precision);
        const auto reference = stagesOf(kStarter, cpuIn(c10::kFloat), proofOf("fox"));
        const auto half = stagesOf(kStarter, cpuIn(static_cast<c10::ScalarType>(dtype)), proofOf("fox"));
        const auto own = doctor::compareAll(reference, half, precision.toStdString());
        QVERIFY2(allRight(own), doctor::inWords(own).c_str());
        const auto single = doctor::compareAll(reference, half, "fp32");
        QVERIFY2(!single[0].isRight() && !single[1].isRight(), doctor::inWords(single).c_str());
    }

    /// What is wrong by a tenth, or another picture, is more than rounding.
    void deliberateErrorsDoNotPass() {
        const auto reference = stagesOf(kStarter, cpuIn(c10::kFloat), proofOf("fox"));
        const auto other = stagesOf(kStarter, cpuIn(c10::kFloat), proofOf("owl"));
        for (const char* const precision : {"fp32", "fp16", "bf16"}) {
            auto wrong = reference;
            for (generator::Stage& stage : wrong) {
                for (float& value : stage.values) {
                    value *= 1.1F;
                }
            }
            for (const auto& likeness : doctor::compareAll(reference, wrong, precision)) {
                QVERIFY2(!likeness.isRight(), doctor::inWords({likeness}).c_str());
            }
            for (const auto& likeness : doctor::compareAll(reference, other, precision)) {
                QVERIFY2(!likeness.isRight(), doctor::inWords({likeness}).c_str());
            }
        }
    }

    void aModelThatIsNotThereIsAFailure() {
        QVERIFY_EXCEPTION_THROWN(stagesOf("/nowhere", cpuIn(c10::kFloat), proofOf("fox")), Failure);
    }
};

QTEST_APPLESS_MAIN(TestProof)
#include "test_proof.moc"
