// SPDX-License-Identifier: Apache-2.0
// Whole runs of the samplers on a model of one line, against diffusers and against published sums.
#include "server/diffusion/samplers/sampler.h"

#include <ATen/CPUGeneratorImpl.h>

#include <QTest>
#include <cmath>

#include "server/diffusion/failure.h"
#include "shared/protocol/samplers.h"
#include "tests/server/diffusion/scheduler_settings.h"
#include "tests/server/diffusion/tensor_file.h"
#include "tests/support/gates.h"

using namespace easel;
using namespace easel::diffusion;

namespace {

const std::filesystem::path kFixtures = EASEL_SOURCE_DIR "/tests/fixtures/diffusion";

QJsonObject stableDiffusion(const QString& spacing, bool velocity) {
    return {{"_class_name", "PNDMScheduler"},
            {"beta_start", 0.00085},
            {"beta_end", 0.012},
            {"beta_schedule", "scaled_linear"},
            {"skip_prk_steps", true},
            {"set_alpha_to_one", false},
            {"clip_sample", false},
            {"steps_offset", 1},
            {"timestep_spacing", spacing},
            {"prediction_type", velocity ? "v_prediction" : "epsilon"}};
}

std::unique_ptr<Sampler> make(const SamplerSettings& settings, const std::string& sampler, int steps,
                              const at::Tensor& start) {
    return makeSampler(sampler, settings, steps, start,
                       at::make_generator<at::CPUGeneratorImpl>(std::uint64_t{0}));
}

/// Where a sampler arrives when the model answers in * t / (t + 1).
at::Tensor walk(Sampler& sampler) {
    while (!sampler.done()) {
        const Query query = sampler.next();
        sampler.accept(query.input * (query.timestep / (query.timestep + 1)));
    }
    return sampler.latents();
}

at::Tensor run(const SamplerSettings& settings, const std::string& sampler, int steps,
               const at::Tensor& start) {
    return walk(*make(settings, sampler, steps, start));
}

}  // namespace

class SamplerTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void runsEqualDiffusers_data();
    void runsEqualDiffusers();
    void startsFromAPictureEqualDiffusers_data() { runsEqualDiffusers_data(); }
    void startsFromAPictureEqualDiffusers();
    void soLittleStrengthThatNoStepIsLeftIsRefused();
    void runsReachTheGoldenSums_data();
    void runsReachTheGoldenSums();
};

void SamplerTest::runsEqualDiffusers_data() {
    QTest::addColumn<QString>("model");
    QTest::addColumn<QString>("sampler");
    QTest::addColumn<QString>("schedule");
    for (const char* model : {"sd1-tiny", "sd2-tiny"}) {
        for (const protocol::SamplerKind& kind : protocol::samplerKinds()) {
            for (const std::string_view schedule : kind.schedules) {
                const QString sampler = tests::toQt(kind.name);
                QTest::addRow("%s %s %s", model, qPrintable(sampler), qPrintable(tests::toQt(schedule)))
                    << model << sampler << tests::toQt(schedule);
            }
        }
    }
}

void SamplerTest::runsEqualDiffusers() {
    QFETCH(QString, model);
    QFETCH(QString, sampler);
    QFETCH(QString, schedule);
    static const tests::TensorFile golden(EASEL_SOURCE_DIR "/tests/fixtures/diffusion/runs.safetensors");
    const auto settings =
        tests::settingsOf(tests::fixtureScheduler(model), sampler.toStdString(), schedule.toStdString());
    const bool velocity = settings.prediction == models::PredictionType::VPrediction;
    const std::string key = std::string(velocity ? "v_prediction/" : "epsilon/") + sampler.toStdString() +
                            "/" + schedule.toStdString();
    const at::Tensor end = run(settings, sampler.toStdString(), 20, golden["start"]);
    const double allowed = tests::gate("runs") * golden[key].abs().max().item<double>();
    const double off = tests::greatestDifference(end, golden[key]);
    QVERIFY2(off <= allowed, qPrintable(QString("off by %1, allowed is %2").arg(off).arg(allowed)));
    for (const char* error : {"timestep", "sign", "factor"}) {
        QVERIFY2(tests::greatestDifference(end, golden[key + "/wrong/" + error]) > allowed, error);
    }
}

void SamplerTest::startsFromAPictureEqualDiffusers() {
    QFETCH(QString, model);
    QFETCH(QString, sampler);
    QFETCH(QString, schedule);
    static const tests::TensorFile golden(EASEL_SOURCE_DIR "/tests/fixtures/diffusion/starts.safetensors");
    const auto settings =
        tests::settingsOf(tests::fixtureScheduler(model), sampler.toStdString(), schedule.toStdString());
    const bool velocity = settings.prediction == models::PredictionType::VPrediction;
    const auto from = [&](int first) {
        auto made = make(settings, sampler.toStdString(), 20, at::zeros({1, 4, 4, 4}));
        made->startFrom(golden["picture"], golden["noise"], first);
        return made;
    };
    for (const double strength : {0.05, 0.33, 0.6, 1.0}) {
        const std::string key = std::string(velocity ? "v_prediction/" : "epsilon/") + sampler.toStdString() +
                                "/" + schedule.toStdString() + "/" +
                                QString::number(strength, 'g', 2).toStdString() + (strength == 1 ? ".0" : "");
        const int first = firstStep(20, strength);
        const auto made = from(first);
        const at::Tensor start = made->latents();
        const at::Tensor end = walk(*made);
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
                const at::Tensor wrong = name == std::string("/start") ? early->latents() : walk(*early);
                QVERIFY(tests::greatestDifference(wrong, expected) > allowed);
            }
        }
    }
}

void SamplerTest::soLittleStrengthThatNoStepIsLeftIsRefused() {
    QCOMPARE(firstStep(20, 0), 20);
    QCOMPARE(firstStep(20, 0.049), 20);
    QCOMPARE(firstStep(20, 0.05), 19);
    QCOMPARE(firstStep(20, 1), 0);
    for (const protocol::SamplerKind& kind : protocol::samplerKinds()) {
        const auto settings = tests::settingsOf(tests::fixtureScheduler("sd1-tiny"), std::string(kind.name));
        const at::Tensor zeros = at::zeros({1, 4, 4, 4});
        const bool warmsUp = kind.name == "pndm";  // takes one step more than it is asked for
        const auto made = make(settings, std::string(kind.name), 20, zeros);
        QVERIFY_EXCEPTION_THROWN(made->startFrom(zeros, zeros, warmsUp ? 21 : 20), Failure);
    }
}

void SamplerTest::runsReachTheGoldenSums_data() {
    QTest::addColumn<QString>("sampler");
    QTest::addColumn<QString>("spacing");
    QTest::addColumn<QString>("schedule");
    QTest::addColumn<bool>("velocity");
    QTest::addColumn<int>("steps");
    QTest::addColumn<double>("sum");
    QTest::addColumn<double>("second");
    QTest::addColumn<double>("last");
    const auto row = [](const char* sampler, const char* spacing, const char* schedule, bool velocity,
                        int steps, double sum, double second, double last) {
        QTest::addRow("%s %s %s %s %d", sampler, spacing, schedule, velocity ? "v" : "eps", steps)
            << QString(sampler) << QString(spacing) << QString(schedule) << velocity << steps << sum << second
            << last;
    };
    row("euler", "linspace", "default", false, 20, 189.6054, 0.0025750, 0.4937640);
    row("euler", "leading", "default", false, 20, 189.3475, 0.0025715, 0.4930923);
    row("euler", "trailing", "default", false, 20, 183.6650, 0.0024944, 0.4782942);
    row("euler", "linspace", "karras", false, 20, 191.9294, 0.0026066, 0.4998163);
    row("euler", "leading", "karras", false, 20, 190.9929, 0.0025939, 0.4973775);
    row("euler", "linspace", "default", true, 20, 75.8329, 0.0010299, 0.1974815);
    row("euler_a", "linspace", "default", false, 20, 265.2741, 0.1005437, 0.4958433);
    row("euler_a", "trailing", "default", false, 4, 211.6277, 0.2615685, -0.0838316);
    row("dpmpp_2m", "linspace", "default", false, 20, 190.4985, 0.0025872, 0.4960899);
    row("dpmpp_2m", "leading", "default", false, 20, 190.8372, 0.0025918, 0.4969720);
    row("dpmpp_2m", "linspace", "karras", false, 20, 205.5888, 0.0027921, 0.5353876);
    row("dpmpp_2m", "linspace", "default", true, 20, 82.7924, 0.0011244, 0.2156053);
    row("ddim", "leading", "default", false, 20, 192.0830, 0.0026087, 0.5002160);
    row("ddim", "leading", "default", true, 20, 79.2295, 0.0010760, 0.2063268);
    row("ddim", "trailing", "default", false, 20, 190.5420, 0.0025878, 0.4962031);
    row("pndm", "leading", "default", false, 20, 202.4588, 0.0027496, 0.5272364);
    row("pndm", "leading", "default", true, 20, 85.6645, 0.0011634, 0.2230847);
    row("pndm", "leading", "default", false, 50, 203.4992, 0.0027637, 0.5299459);
}

// Computed apart from any of this code, in double precision.
void SamplerTest::runsReachTheGoldenSums() {
    QFETCH(QString, sampler);
    QFETCH(QString, spacing);
    QFETCH(QString, schedule);
    QFETCH(bool, velocity);
    QFETCH(int, steps);
    const auto settings =
        tests::settingsOf(stableDiffusion(spacing, velocity), sampler.toStdString(), schedule.toStdString());

    const auto axis = [](std::int64_t size, std::vector<std::int64_t> shape) {
        return at::arange(size, at::kFloat).view(shape);
    };
    const at::Tensor start =
        (((axis(3, {1, 3, 1, 1}) * 8 + axis(8, {1, 1, 8, 1})) * 8 + axis(8, {1, 1, 1, 8})) * 4 +
         axis(4, {4, 1, 1, 1})) /
        768;
    const at::Tensor end = run(settings, sampler.toStdString(), steps, start).flatten();
    const auto near = [](double value, double expected) {
        return std::abs(value - expected) <= 2e-5 * std::abs(expected) + 1e-6;
    };
    QFETCH(double, sum);
    QFETCH(double, second);
    QFETCH(double, last);
    QVERIFY(near(end.abs().sum().item<double>(), sum));
    QVERIFY(near(end[1].item<double>(), second));
    QVERIFY(near(end[767].item<double>(), last));
}

QTEST_GUILESS_MAIN(SamplerTest)
#include "test_samplers.moc"
