// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <algorithm>

#include "server/diffusion/samplers/registry.h"
#include "shared/protocol/samplers.h"

using namespace easel;
using namespace easel::diffusion;
using namespace easel::models;

/// Which sampler gets what from which model's config, as diffusers does it.
class TestSamplerSettings : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void everySamplerThatHasANameIsMade() {
        const auto kinds = protocol::samplerKinds();
        QCOMPARE(std::size(kSamplerEntries), kinds.size());
        for (const protocol::SamplerKind& kind : kinds) {
            QCOMPARE(samplerEntry(kind.name).name, kind.name);
            const bool karras = std::ranges::find(kind.schedules, "karras") != kind.schedules.end();
            QCOMPARE(samplerEntry(kind.name).doesRead(SamplerEntry::Karras), karras);
        }
    }

    void theModelsOwnIsSetRightByThePipeline() {
        SchedulerConfig config;
        config.sampler = "ddim";
        const auto bare = settingsFor(config, "ddim");
        QCOMPARE(bare.stepsOffset, 1);
        QVERIFY(!bare.clipSample);
        QVERIFY(bare.setAlphaToOne);
        config.clipSample = true;
        config.stepsOffset = 0;
        QVERIFY(settingsFor(config, "ddim") == bare);
    }

    void onlyWhatTheFileSaysCarriesOver() {
        SchedulerConfig config;
        config.sampler = "pndm";
        config.betaSchedule = BetaSchedule::ScaledLinear;
        config.prediction = PredictionType::VPrediction;
        const auto ddim = settingsFor(config, "ddim");
        QCOMPARE(ddim.stepsOffset, 0);
        QVERIFY(ddim.clipSample && ddim.setAlphaToOne);
        QVERIFY(ddim.betas.schedule == BetaSchedule::ScaledLinear);
        QVERIFY(ddim.prediction == PredictionType::VPrediction);

        config.stepsOffset = 1;
        config.clipSample = false;
        config.clipSampleRange = 2;
        config.setAlphaToOne = false;
        const auto told = settingsFor(config, "ddim");
        QCOMPARE(told.stepsOffset, 1);
        QCOMPARE(told.clipSampleRange, 2.0);
        QVERIFY(!told.clipSample && !told.setAlphaToOne);
    }

    void theNearestToTheModelsOwnIsSwitchedTo() {
        SchedulerConfig config;
        config.sampler = "ddim";
        config.isOwn = false;
        const auto bare = settingsFor(config, "ddim");
        QCOMPARE(bare.stepsOffset, 0);
        QVERIFY(bare.clipSample);
        config.stepsOffset = 0;
        config.clipSample = true;
        QCOMPARE(settingsFor(config, "ddim").stepsOffset, 1);
        QVERIFY(!settingsFor(config, "ddim").clipSample);
    }

    void betasAreTheFilesOrTheClasss() {
        SchedulerConfig config;
        config.sampler = "euler_a";
        config.isOwn = false;  // as an LCM model whose file names no betas
        config.ownBetas = {0.00085, 0.012, BetaSchedule::ScaledLinear};
        QVERIFY(settingsFor(config, "euler_a").betas == config.ownBetas);
        QVERIFY(settingsFor(config, "ddim").betas == Betas());
        config.betaEnd = 0.015;
        QVERIFY(settingsFor(config, "ddim").betas == (Betas{0.0001, 0.015}));
    }

    void spacingIsTheFilesOrTheClasss() {
        SchedulerConfig config;
        config.sampler = "pndm";
        for (const char* const sampler : {"pndm", "ddim"}) {
            QVERIFY(settingsFor(config, sampler).timestepSpacing == TimestepSpacing::Leading);
        }
        for (const char* const sampler : {"euler", "euler_a", "heun", "dpmpp_2m"}) {
            QVERIFY(settingsFor(config, sampler).timestepSpacing == TimestepSpacing::Linspace);
        }
        config.timestepSpacing = TimestepSpacing::Trailing;
        for (const char* const sampler : {"pndm", "ddim", "euler", "euler_a", "heun", "dpmpp_2m"}) {
            QVERIFY(settingsFor(config, sampler).timestepSpacing == TimestepSpacing::Trailing);
        }
    }

    void aSamplerTakesJustWhatItsClassKnows() {
        SchedulerConfig config;
        config.sampler = "ddim";
        config.rescaleBetasZeroSnr = true;
        config.karrasSigmas = true;
        config.finalSigma = FinalSigma::SigmaMin;
        config.setAlphaToOne = true;
        config.lowerOrderFinal = false;
        config.eulerAtFinal = true;
        QVERIFY(!settingsFor(config, "pndm").rescaleBetasZeroSnr);
        QVERIFY(settingsFor(config, "pndm").setAlphaToOne);
        QVERIFY(settingsFor(config, "euler_a").rescaleBetasZeroSnr);
        QVERIFY(!settingsFor(config, "euler_a").karrasSigmas);
        QVERIFY(settingsFor(config, "euler_a").finalSigma == FinalSigma::Zero);
        QVERIFY(settingsFor(config, "euler").karrasSigmas);
        QVERIFY(settingsFor(config, "dpmpp_2m").finalSigma == FinalSigma::SigmaMin);
        QVERIFY(!settingsFor(config, "dpmpp_2m").lowerOrderFinal);
        QVERIFY(settingsFor(config, "dpmpp_2m").eulerAtFinal);
        QVERIFY(!settingsFor(config, "euler").clipSample);
        QVERIFY(settingsFor(config, "heun").karrasSigmas);
        QVERIFY(!settingsFor(config, "heun").rescaleBetasZeroSnr && !settingsFor(config, "heun").clipSample);
        QVERIFY(settingsFor(config, "heun").finalSigma == FinalSigma::Zero);
    }
};

QTEST_APPLESS_MAIN(TestSamplerSettings)
#include "test_sampler_settings.moc"
