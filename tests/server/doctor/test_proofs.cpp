// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "server/doctor/proofs.h"

using namespace easel;
using namespace easel::doctor;
using generator::Inventory;

namespace {

const Trial kReference{"cpu", "AMD", "fp32"};
const Trial kHalf{"cuda:0", "NVIDIA L4", "fp16"};

Drawn drawn(float brightness) {
    Drawn made;
    made.proof = {1, 0.5, {0.9, 0.02, 0.03}, 1000};
    for (const char* stage : {"text", "prediction", "latents"}) {
        made.stages.push_back({stage, {3}, {-1, 0, 2}});
    }
    made.stages.push_back({"picture", {1, 1, 3}, {brightness, 0, 100}});
    return made;
}

QStringList namesOf(const std::vector<Trial>& trials) {
    QStringList names;
    for (const Trial& trial : trials) {
        names += QString::fromStdString(trial.device + " " + trial.precision);
    }
    return names;
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

class TestProofs : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void everyDeviceDrawsInEveryPrecisionAndTheReferenceFirst() {
        const Inventory inventory{"",
                                  "",
                                  "",
                                  "",
                                  {{"cuda:0", "GPU", {"fp32", "fp16"}, 1, 1, ""},
                                   {"cuda:1", "GPU", {}, 0, 0, "It is too old."},
                                   {"cpu", "AMD", {"fp32"}, 0, 0, ""}}};
        QCOMPARE(namesOf(trialsFor(inventory, {})), (QStringList{"cpu fp32", "cuda:0 fp32", "cuda:0 fp16"}));
        QCOMPARE(namesOf(trialsFor(inventory, {"cpu"})), QStringList{"cpu fp32"});
        QCOMPARE(namesOf(trialsFor(inventory, {"cuda:0"})).size(), 3);  // with what it is compared with
        QCOMPARE(namesOf(trialsFor(inventory, {"cuda:1"})), QStringList{"cpu fp32"});
        QVERIFY(trialsFor({}, {}).empty());
    }

    void theReferenceIsRightWhenItIsDrawn() {
        const auto result = judgeTrial(kReference, drawn(255), nullptr);
        QVERIFY(result.finding.state == State::Right);
        QVERIFY(contains(result.finding.found, "30 ms a step"));
        QVERIFY(result.likenesses.empty());
    }

    void aLikePictureIsRight() {
        const Drawn reference = drawn(255);
        const auto result = judgeTrial(kHalf, drawn(254), &reference);
        QVERIFY2(result.finding.state == State::Right, result.finding.cure.c_str());
        QCOMPARE(result.finding.name, std::string("Drawing on cuda:0 in fp16"));
        QVERIFY(contains(result.finding.found, "latents equal, picture 53 dB"));
        QVERIFY(result.finding.cure.empty());
    }

    void theFirstStageThatDiffersIsNamed() {
        const Drawn reference = drawn(255);
        Drawn other = drawn(0);
        other.stages[2].values[0] = 5;
        const auto result = judgeTrial(kHalf, other, &reference);
        QVERIFY(result.finding.state == State::Wrong);
        QVERIFY2(contains(result.finding.cure, "\"latents\", which needs 50 dB"),
                 result.finding.cure.c_str());
        other.stages.erase(other.stages.begin());
        QVERIFY(contains(judgeTrial(kHalf, other, &reference).finding.cure, "\"text\" cannot be compared"));
    }

    void withoutAReferenceNothingIsProved() {
        const auto result = judgeTrial(kHalf, drawn(255), nullptr);
        QVERIFY(result.finding.state == State::Warning);
        QVERIFY(result.proof.has_value());
    }

    void whatWasNotDrawnIsWrong() {
        const auto result = judgeTrial(kHalf, tl::unexpected(Trouble{"It died.", "Restart it."}), nullptr);
        QVERIFY(result.finding.state == State::Wrong);
        QCOMPARE(result.finding.found, std::string("It died."));
        QCOMPARE(result.finding.cure, std::string("Restart it."));
        QVERIFY(!result.proof);
    }

    void aGpuThatTakesMoreMemoryThanCalculatedIsToldOf() {
        const Drawn reference = drawn(255);
        Trial trial = kHalf;
        trial.memory = std::int64_t{100} << 20;
        Drawn other = drawn(255);
        other.proof.memory = std::int64_t{300} << 20;  // with what libraries take for themselves
        const auto right = judgeTrial(trial, other, &reference);
        QVERIFY(right.finding.state == State::Right);
        QVERIFY2(contains(right.finding.found, "It took 300 MiB of memory; 100 MiB were calculated."),
                 right.finding.found.c_str());
        other.proof.memory = std::int64_t{400} << 20;
        const auto much = judgeTrial(trial, other, &reference);
        QVERIFY(much.finding.state == State::Warning);
        QVERIFY2(contains(much.finding.cure, "--memory"), much.finding.cure.c_str());
        // Nor does it hide what is worse.
        other.stages[0].values[0] = 5;
        QVERIFY(judgeTrial(trial, other, &reference).finding.state == State::Wrong);
        trial.memory = 0;
        QVERIFY(!contains(judgeTrial(trial, drawn(255), &reference).finding.found, "memory"));
    }

    void theMiddleStepIsTold() {
        QCOMPARE(medianStepMs({0, 0, {0.9, 0.02, 0.03}, 0}), 30.0);
        QCOMPARE(medianStepMs({0, 0, {0.5}, 0}), 500.0);
        QCOMPARE(medianStepMs({}), 0.0);
    }
};

QTEST_APPLESS_MAIN(TestProofs)
#include "test_proofs.moc"
