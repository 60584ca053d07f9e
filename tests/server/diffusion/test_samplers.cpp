// SPDX-License-Identifier: Apache-2.0
// Whole runs of the samplers on a model of one line, against diffusers.
#include <QTest>

#include "server/diffusion/failure.h"
#include "shared/protocol/passes.h"
#include "shared/protocol/samplers.h"
#include "tests/server/diffusion/sampler_run.h"
#include "tests/server/diffusion/scheduler_settings.h"
#include "tests/server/diffusion/tensor_file.h"
#include "tests/support/gates.h"

using namespace easel;
using namespace easel::diffusion;

namespace {

const std::filesystem::path kFixtures = EASEL_SOURCE_DIR "/tests/fixtures/diffusion";

/// A tiny model's scheduler, whose network answers so.
QJsonObject schedulerOf(const QString& prediction) {
    QJsonObject config = tests::fixtureScheduler(prediction == "v_prediction" ? "sd2-tiny" : "sd1-tiny");
    config["prediction_type"] = prediction;
    if (prediction == "sample") {
        config["timestep_spacing"] = "leading";
    }
    return config;
}

std::string keyOf(const QString& prediction, const std::string& sampler, const std::string& schedule) {
    return prediction.toStdString() + "/" + sampler + "/" + schedule;
}

}  // namespace

class SamplerTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void runsEqualDiffusers_data();
    void runsEqualDiffusers();
    void etaScalesTheNoiseAsInDiffusers_data();
    void etaScalesTheNoiseAsInDiffusers();
    void startsFromAPictureEqualDiffusers_data();
    void startsFromAPictureEqualDiffusers();
    void soLittleStrengthThatNoStepIsLeftIsRefused();
    void oneStepIsTheFormulaToTheLastDigits_data();
    void oneStepIsTheFormulaToTheLastDigits();

private:
    const tests::TensorFile m_runs{kFixtures / "runs.safetensors"};
    const tests::TensorFile m_starts{kFixtures / "starts.safetensors"};
};

void SamplerTest::runsEqualDiffusers_data() {
    QTest::addColumn<QString>("prediction");
    QTest::addColumn<QString>("sampler");
    QTest::addColumn<QString>("schedule");
    for (const char* prediction : {"epsilon", "v_prediction", "sample"}) {
        for (const protocol::SamplerKind& kind : protocol::samplerKinds()) {
            for (const std::string_view schedule : kind.schedules) {
                const QString sampler = tests::toQt(kind.name);
                // Not all of diffusers' take the picture itself for an answer.
                if (prediction == std::string("sample") &&
                    !m_runs.has(keyOf(prediction, std::string(kind.name), std::string(schedule)))) {
                    continue;
                }
                QTest::addRow("%s %s %s", prediction, qPrintable(sampler), qPrintable(tests::toQt(schedule)))
                    << prediction << sampler << tests::toQt(schedule);
            }
        }
    }
}

void SamplerTest::runsEqualDiffusers() {
    QFETCH(QString, prediction);
    QFETCH(QString, sampler);
    QFETCH(QString, schedule);
    const auto settings =
        tests::settingsOf(schedulerOf(prediction), sampler.toStdString(), schedule.toStdString());
    const std::string key = keyOf(prediction, sampler.toStdString(), schedule.toStdString());
    const at::Tensor end = tests::run(settings, sampler.toStdString(), 20, m_runs["start"]);
    const double allowed = tests::gate("runs") * m_runs[key].abs().max().item<double>();
    const double off = tests::greatestDifference(end, m_runs[key]);
    QVERIFY2(off <= allowed, qPrintable(QString("off by %1, allowed is %2").arg(off).arg(allowed)));
    for (const char* error : {"timestep", "sign", "factor"}) {
        const std::string wrong = key + "/wrong/" + error;
        QVERIFY2(schedule != "default" || prediction == "sample" || m_runs.has(wrong), error);
        QVERIFY2(!m_runs.has(wrong) || tests::greatestDifference(end, m_runs[wrong]) > allowed, error);
    }
}

void SamplerTest::etaScalesTheNoiseAsInDiffusers_data() {
    QTest::addColumn<QString>("sampler");
    QTest::addColumn<double>("eta");
    QTest::newRow("ddim, half") << "ddim" << 0.5;
    QTest::newRow("ddim, all") << "ddim" << 1.0;
    QTest::newRow("tcd, none") << "tcd" << 0.0;
    QTest::newRow("tcd, more") << "tcd" << 0.7;
}

void SamplerTest::etaScalesTheNoiseAsInDiffusers() {
    QFETCH(QString, sampler);
    QFETCH(double, eta);
    auto settings = tests::settingsOf(tests::fixtureScheduler("sd1-tiny"), sampler.toStdString());
    const std::string key =
        "epsilon/" + sampler.toStdString() + "/eta/" + QString::number(eta, 'f', 1).toStdString();
    const double allowed = tests::gate("runs") * m_runs[key].abs().max().item<double>();
    const at::Tensor usual = tests::run(settings, sampler.toStdString(), 20, m_runs["start"]);
    QVERIFY(tests::greatestDifference(usual, m_runs[key]) > allowed);
    settings.eta = eta;
    const at::Tensor end = tests::run(settings, sampler.toStdString(), 20, m_runs["start"]);
    const double off = tests::greatestDifference(end, m_runs[key]);
    QVERIFY2(off <= allowed, qPrintable(QString("off by %1, allowed is %2").arg(off).arg(allowed)));
}

void SamplerTest::startsFromAPictureEqualDiffusers_data() {
    QTest::addColumn<QString>("prediction");
    QTest::addColumn<QString>("sampler");
    QTest::addColumn<QString>("schedule");
    for (const char* prediction : {"epsilon", "v_prediction"}) {
        for (const protocol::SamplerKind& kind : protocol::samplerKinds()) {
            for (const std::string_view schedule : kind.schedules) {
                const bool isThere = m_starts.has(
                    keyOf(prediction, std::string(kind.name), std::string(schedule)) + "/0.6/end");
                QVERIFY(isThere || schedule != "default");
                if (isThere) {
                    QTest::addRow("%s %s %s", prediction, qPrintable(tests::toQt(kind.name)),
                                  qPrintable(tests::toQt(schedule)))
                        << prediction << tests::toQt(kind.name) << tests::toQt(schedule);
                }
            }
        }
    }
}

void SamplerTest::startsFromAPictureEqualDiffusers() {
    QFETCH(QString, prediction);
    QFETCH(QString, sampler);
    QFETCH(QString, schedule);
    const tests::TensorFile& golden = m_starts;
    const auto settings =
        tests::settingsOf(schedulerOf(prediction), sampler.toStdString(), schedule.toStdString());
    const auto from = [&](int first) {
        auto made = tests::makeSampler(settings, sampler.toStdString(), 20, at::zeros({1, 4, 4, 4}));
        made->startFrom(golden["picture"], golden["noise"], first);
        return made;
    };
    for (const double strength : {0.05, 0.33, 0.6, 1.0}) {
        const std::string key = keyOf(prediction, sampler.toStdString(), schedule.toStdString()) + "/" +
                                QString::number(strength, 'g', 2).toStdString() + (strength == 1 ? ".0" : "");
        if (!golden.has(key + "/end")) {
            continue;
        }
        const int first = protocol::firstStep(20, strength);
        const auto made = from(first);
        const at::Tensor start = made->latents();
        const at::Tensor end = tests::walk(*made);
        for (const auto& [name, here] : {std::pair{"/start", start}, {"/end", end}}) {
            const at::Tensor expected = golden[key + name];
            const double allowed = tests::gate("runs") * expected.abs().max().item<double>();
            const double off = tests::greatestDifference(here, expected);
            QVERIFY2(off <= allowed, qPrintable(QString("%1%2: off by %3, allowed is %4")
                                                    .arg(tests::toQt(key), name)
                                                    .arg(off)
                                                    .arg(allowed)));
            if (first > 0) {
                const auto early = from(first - 1);
                const at::Tensor wrong =
                    name == std::string("/start") ? early->latents() : tests::walk(*early);
                QVERIFY(tests::greatestDifference(wrong, expected) > allowed);
            }
        }
    }
}

void SamplerTest::soLittleStrengthThatNoStepIsLeftIsRefused() {
    QCOMPARE(protocol::firstStep(20, 0), 20);
    QCOMPARE(protocol::firstStep(20, 0.049), 20);
    QCOMPARE(protocol::firstStep(20, 0.05), 19);
    QCOMPARE(protocol::firstStep(20, 1), 0);
    for (const protocol::SamplerKind& kind : protocol::samplerKinds()) {
        const auto settings = tests::settingsOf(tests::fixtureScheduler("sd1-tiny"), std::string(kind.name));
        const at::Tensor zeros = at::zeros({1, 4, 4, 4});
        const bool warmsUp = kind.name == "pndm";  // takes one step more than it is asked for
        const auto made = tests::makeSampler(settings, std::string(kind.name), 20, zeros);
        QVERIFY_EXCEPTION_THROWN(made->startFrom(zeros, zeros, warmsUp ? 21 : 20), Failure);
    }
}

void SamplerTest::oneStepIsTheFormulaToTheLastDigits_data() {
    QTest::addColumn<QString>("sampler");
    for (const protocol::SamplerKind& kind : protocol::samplerKinds()) {
        QTest::addRow("%s", qPrintable(tests::toQt(kind.name))) << tests::toQt(kind.name);
    }
}

// From the same latents, of which a twentieth of the way is left: one evaluation.
void SamplerTest::oneStepIsTheFormulaToTheLastDigits() {
    QFETCH(QString, sampler);
    const auto settings = tests::settingsOf(schedulerOf("epsilon"), sampler.toStdString());
    const std::string key = keyOf("epsilon", sampler.toStdString(), "step");
    const auto made = tests::makeSampler(settings, sampler.toStdString(), 20, at::zeros({1, 4, 4, 4}));
    made->startFrom(m_starts["picture"], m_starts["noise"], 10);
    const Query query = made->next();
    made->accept(query.input * (query.timestep / (query.timestep + 1)));
    const at::Tensor expected = m_starts[key];
    const double off =
        tests::greatestDifference(made->latents(), expected) / expected.abs().max().item<double>();
    QVERIFY2(off <= tests::gate("step"), qPrintable(QString::number(off)));
}

QTEST_GUILESS_MAIN(SamplerTest)
#include "test_samplers.moc"
