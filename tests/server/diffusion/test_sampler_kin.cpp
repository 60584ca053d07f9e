// SPDX-License-Identifier: Apache-2.0
// What holds for samplers whatever the reference says: how they are akin, and that none of them ever divides
// by nothing.
#include <QTest>
#include <algorithm>
#include <cmath>

#include "server/diffusion/failure.h"
#include "server/diffusion/samplers/noise_schedule.h"
#include "server/diffusion/samplers/sigma_schedule.h"
#include "shared/protocol/samplers.h"
#include "tests/server/diffusion/sampler_run.h"
#include "tests/server/diffusion/scheduler_settings.h"
#include "tests/server/diffusion/tensor_file.h"
#include "tests/support/gates.h"

using namespace easel;
using namespace easel::diffusion;

namespace {

const std::filesystem::path kFixtures = EASEL_SOURCE_DIR "/tests/fixtures/diffusion";

/// Those of Stable Diffusion 1.
models::SchedulerConfig usual() {
    models::SchedulerConfig config;
    config.sampler = "pndm";
    config.betaStart = 0.00085;
    config.betaEnd = 0.012;
    config.betaSchedule = models::BetaSchedule::ScaledLinear;
    config.timestepSpacing = models::TimestepSpacing::Leading;
    config.stepsOffset = 1;
    config.clipSample = false;
    config.setAlphaToOne = false;
    return config;
}

}  // namespace

class SamplerKinTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void withoutNoiseTheyAreTheirDeterministicKin_data();
    void withoutNoiseTheyAreTheirDeterministicKin();
    void whatTheNetworkAnswersMakesNoDifference_data();
    void whatTheNetworkAnswersMakesNoDifference();
    void bothHalvesOfAStepShareOnePath();
    void twoThatShareAWayArriveWhereOneDoes_data();
    void twoThatShareAWayArriveWhereOneDoes();
    void allNumbersAreFinite_data();
    void allNumbersAreFinite();
    void levelsThatLeaveNothingAreRefused();

private:
    const at::Tensor m_start = tests::TensorFile(kFixtures / "runs.safetensors")["start"];
};

void SamplerKinTest::withoutNoiseTheyAreTheirDeterministicKin_data() {
    QTest::addColumn<QString>("stochastic");
    QTest::addColumn<double>("eta");
    QTest::addColumn<QString>("kin");
    QTest::newRow("euler_a") << "euler_a" << 0.0 << "euler";
    QTest::newRow("dpm2_a") << "dpm2_a" << 0.0 << "dpm2";
    QTest::newRow("dpmpp_2m_sde") << "dpmpp_2m_sde" << 0.0 << "dpmpp_2m";
    QTest::newRow("ddim, with all of it") << "ddim" << 1.0 << "ddpm";
}

void SamplerKinTest::withoutNoiseTheyAreTheirDeterministicKin() {
    QFETCH(QString, stochastic);
    QFETCH(double, eta);
    QFETCH(QString, kin);
    auto config = usual();
    config.setAlphaToOne = true;
    auto settings = settingsFor(config, stochastic.toStdString());
    settings.stepsOffset = 0;  // so that ddim's last step is ddpm's
    const at::Tensor usual = tests::run(settings, stochastic.toStdString(), 20, m_start);
    settings.eta = eta;
    const at::Tensor end = tests::run(settings, stochastic.toStdString(), 20, m_start);
    auto others = settingsFor(config, kin.toStdString());
    others.stepsOffset = 0;
    const at::Tensor expected = tests::run(others, kin.toStdString(), 20, m_start);
    const double allowed = tests::gate("runs") * expected.abs().max().item<double>();
    const double off = tests::greatestDifference(end, expected);
    QVERIFY2(off <= allowed, qPrintable(QString("off by %1, allowed is %2").arg(off).arg(allowed)));
    QVERIFY(tests::greatestDifference(usual, expected) > allowed);
}

void SamplerKinTest::whatTheNetworkAnswersMakesNoDifference_data() {
    QTest::addColumn<QString>("sampler");
    for (const protocol::SamplerKind& kind : protocol::samplerKinds()) {
        if (kind.name != "pndm") {  // which extrapolates the answers, whatever they are
            QTest::addRow("%s", qPrintable(tests::toQt(kind.name))) << tests::toQt(kind.name);
        }
    }
}

// One network that tells noise from picture, and says the one, the other or both.
void SamplerKinTest::whatTheNetworkAnswersMakesNoDifference() {
    QFETCH(QString, sampler);
    using models::PredictionType;
    const auto end = [&](PredictionType prediction) {
        auto settings = settingsFor(usual(), sampler.toStdString());
        settings.prediction = prediction;
        settings.eta = 0;
        const auto made = tests::makeSampler(settings, sampler.toStdString(), 10, m_start);
        const auto alphas = alphasCumprod(settings);
        while (!made->done()) {
            const Query query = made->next();
            const auto low = static_cast<std::size_t>(query.timestep);
            const float a = alphas[low] + (query.timestep - static_cast<float>(low)) *
                                              (alphas[std::min(low + 1, alphas.size() - 1)] - alphas[low]);
            // The input is the same mixture for all of them, but for its level between two timesteps.
            const at::Tensor picture = at::tanh(query.input) * 0.5;
            const at::Tensor noise = (query.input - std::sqrt(a) * picture) / std::sqrt(1 - a);
            made->accept(prediction == PredictionType::Sample ? picture
                         : prediction == PredictionType::Epsilon
                             ? noise
                             : std::sqrt(a) * noise - std::sqrt(1 - a) * picture);
        }
        return made->latents();
    };
    const at::Tensor expected = end(PredictionType::Epsilon);
    const double unit = expected.abs().max().item<double>();
    for (const auto prediction : {PredictionType::VPrediction, PredictionType::Sample}) {
        const double off = tests::greatestDifference(end(prediction), expected) / unit;
        QVERIFY2(off < 0.01, qPrintable(QString::number(off)));
    }
}

// Brownian motion: what lies on the latents at the middle of a step is part of what lies there at its end.
void SamplerKinTest::bothHalvesOfAStepShareOnePath() {
    const auto settings = settingsFor(usual(), "dpmpp_sde");
    const auto sigmas = sigmaSchedule(settings, 20).sigmas;
    const double from = sigmas[0];
    const double to = sigmas[1];
    const double between = std::sqrt(from * to);
    // A network that takes all for noise leaves nothing but what is drawn.
    const auto made = tests::makeSampler(settings, "dpmpp_sde", 20, at::zeros({1, 4, 64, 64}));
    made->accept(made->latents());
    const at::Tensor middle = made->latents().flatten();
    made->accept(made->latents() / between);
    const at::Tensor end = made->latents().flatten();
    // Over a part of the way, the correlation is the root of that part.
    const double expected = std::sqrt((from - between) / (from - to));
    const double seen = (middle * end).sum().item<double>() / (middle.norm() * end.norm()).item<double>();
    QVERIFY2(std::abs(seen - expected) < 0.02, qPrintable(QString("%1, not %2").arg(seen).arg(expected)));
    QVERIFY(expected < 0.9);
}

void SamplerKinTest::twoThatShareAWayArriveWhereOneDoes_data() {
    QTest::addColumn<QString>("sampler");
    // Those that remember nothing from step to step.
    for (const char* const sampler :
         {"ddim", "ddpm", "euler", "euler_a", "heun", "dpm2", "dpm2_a", "dpmpp_sde"}) {
        QTest::newRow(sampler) << sampler;
    }
}

/// Wherever the second one takes over.
void SamplerKinTest::twoThatShareAWayArriveWhereOneDoes() {
    QFETCH(QString, sampler);
    const std::string name = sampler.toStdString();
    constexpr int kSteps = 10;
    const auto settings = settingsFor(usual(), name);
    const at::Tensor expected = tests::run(settings, name, kSteps, m_start);
    for (const double share : {0.15, 0.32, 0.5, 0.7, 0.84}) {
        const auto generator = at::make_generator<at::CPUGeneratorImpl>(std::uint64_t{0});
        const float timestep = timestepAfter(share, settings.trainTimesteps);
        const auto first = makeSampler(name, settings, kSteps, m_start, generator);
        QVERIFY(first->endAbove(timestep) && first->leavesSome());
        tests::walk(*first);
        const auto second = makeSampler(name, settings, kSteps, m_start, generator);
        QVERIFY(second->goOnBelow(timestep, first->latents()));
        QCOMPARE(second->begin(), first->accepted());
        QVERIFY2(tests::walk(*second).equal(expected), qPrintable(QString::number(share)));
    }
}

void SamplerKinTest::allNumbersAreFinite_data() {
    QTest::addColumn<QString>("sampler");
    QTest::addColumn<QString>("schedule");
    for (const protocol::SamplerKind& kind : protocol::samplerKinds()) {
        for (const std::string_view schedule : kind.schedules) {
            QTest::addRow("%s %s", qPrintable(tests::toQt(kind.name)), qPrintable(tests::toQt(schedule)))
                << tests::toQt(kind.name) << tests::toQt(schedule);
        }
    }
}

/// However few or many the steps, whatever the model answers and wherever its schedule ends.
void SamplerKinTest::allNumbersAreFinite() {
    QFETCH(QString, sampler);
    QFETCH(QString, schedule);
    protocol::GenerationSettings asked;
    asked.sampler = sampler.toStdString();
    asked.schedule = schedule.toStdString();
    const auto* const kind = protocol::findSamplerKind(asked.sampler);
    const auto etas = kind->takesEta ? std::vector<double>{0, 1} : std::vector<double>{-1};
    const bool isDistilled = asked.sampler == "lcm" || asked.sampler == "tcd";
    const at::Tensor start = at::linspace(-2, 2, 16, at::kFloat).view({1, 4, 2, 2});
    int runs = 0;
    const auto check = [&](const models::SchedulerConfig& config, const std::string& what) {
        const auto settings = samplerSettings(config, asked);
        for (const int first : {0, asked.steps - 1}) {
            const auto made = tests::makeSampler(settings, asked.sampler, asked.steps, start);
            if (first > 0) {
                made->startFrom(start.flip(1), start, first);
            }
            const double most = settings.prediction == models::PredictionType::Epsilon ? 1 : 0.5;
            while (!made->done()) {
                const Query query = made->next();
                QVERIFY2(std::isfinite(query.timestep) && query.timestep >= 0, what.c_str());
                made->accept(most * at::tanh(query.input));
            }
            QVERIFY2(at::isfinite(made->latents()).all().item<bool>(), what.c_str());
            ++runs;
        }
    };
    using enum models::TimestepSpacing;
    using enum models::PredictionType;
    for (const auto spacing : {Leading, Linspace, Trailing}) {
        for (const auto prediction : {Epsilon, VPrediction, Sample}) {
            for (const bool zeroSnr : {false, true}) {
                for (const int steps : {1, 2, 3, 16}) {
                    auto config = usual();
                    config.timestepSpacing = spacing;
                    config.prediction = prediction;
                    config.rescaleBetasZeroSnr = zeroSnr;
                    config.finalSigma =
                        steps % 2 == 0 ? models::FinalSigma::Zero : models::FinalSigma::SigmaMin;
                    config.setAlphaToOne = steps % 2 == 0;
                    asked.steps = steps;
                    for (const double eta : etas) {
                        asked.eta = eta;
                        check(config, std::to_string(steps) + " steps, eta " + std::to_string(eta) +
                                          ", spacing " + std::to_string(static_cast<int>(spacing)) +
                                          ", answers " + std::to_string(static_cast<int>(prediction)) +
                                          (zeroSnr ? ", from pure noise" : ""));
                    }
                }
            }
        }
    }
    // As many as there are training timesteps, where the schedule has them.
    for (asked.steps = isDistilled ? 50 : 1000; asked.steps > 900; asked.steps -= 33) {
        try {
            samplerSettings(usual(), asked);
        } catch (const Failure& failure) {
            QVERIFY(failure.problem().field == "steps");
            continue;
        }
        check(usual(), std::to_string(asked.steps) + " steps");
    }
    QVERIFY(runs > 3 * 3 * 2 * 4);
}

/// Betas that are within their bounds, and leave no noise at the beginning or no picture at the end.
void SamplerKinTest::levelsThatLeaveNothingAreRefused() {
    for (const protocol::SamplerKind& kind : protocol::samplerKinds()) {
        protocol::GenerationSettings asked;
        asked.sampler = kind.name;
        asked.steps = 4;
        for (const auto& [first, last] : {std::pair{1e-9, 0.012}, {0.00085, 0.999}}) {
            auto config = usual();
            config.betaStart = first;
            config.betaEnd = last;
            QVERIFY_EXCEPTION_THROWN(samplerSettings(config, asked), Failure);
        }
        samplerSettings(usual(), asked);
    }
}

QTEST_GUILESS_MAIN(SamplerKinTest)
#include "test_sampler_kin.moc"
