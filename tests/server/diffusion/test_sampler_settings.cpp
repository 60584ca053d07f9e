// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <algorithm>

#include "server/diffusion/failure.h"
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
            // diffusers' euler_a has none of these; k-diffusion's has.
            const bool karras = std::ranges::find(kind.schedules, "karras") != kind.schedules.end();
            QCOMPARE(samplerEntry(kind.name).doesRead(SamplerEntry::Levels),
                     karras && kind.name != "euler_a");
            QCOMPARE(samplerEntry(kind.name).eta > 0, kind.takesEta && kind.name != "ddim");
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
        for (const protocol::SamplerKind& kind : protocol::samplerKinds()) {
            if (kind.name == "lcm" || kind.name == "tcd") {
                continue;  // they have timesteps of their own
            }
            const bool leads = kind.name == "pndm" || kind.name == "ddim" || kind.name == "ddpm";
            config.timestepSpacing = std::nullopt;
            QVERIFY(settingsFor(config, kind.name).timestepSpacing ==
                    (leads ? TimestepSpacing::Leading : TimestepSpacing::Linspace));
            config.timestepSpacing = TimestepSpacing::Trailing;
            QVERIFY(settingsFor(config, kind.name).timestepSpacing == TimestepSpacing::Trailing);
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
        QVERIFY(settingsFor(config, "euler_a").levels == LevelSpread::Spaced);
        QVERIFY(settingsFor(config, "euler_a").finalSigma == FinalSigma::Zero);
        QVERIFY(settingsFor(config, "euler").levels == LevelSpread::Karras);
        QVERIFY(settingsFor(config, "dpmpp_2m").finalSigma == FinalSigma::SigmaMin);
        QVERIFY(!settingsFor(config, "dpmpp_2m").lowerOrderFinal);
        QVERIFY(settingsFor(config, "dpmpp_2m").eulerAtFinal);
        QVERIFY(!settingsFor(config, "euler").clipSample);
        QVERIFY(settingsFor(config, "heun").levels == LevelSpread::Karras);
        QVERIFY(settingsFor(config, "deis").finalSigma == FinalSigma::SigmaMin);
        QVERIFY(settingsFor(config, "unipc").rescaleBetasZeroSnr &&
                settingsFor(config, "lcm").rescaleBetasZeroSnr);
        QVERIFY(settingsFor(config, "ddpm").clipSample && !settingsFor(config, "lcm").clipSample);
        QVERIFY(!settingsFor(config, "heun").rescaleBetasZeroSnr && !settingsFor(config, "heun").clipSample);
        QVERIFY(settingsFor(config, "heun").finalSigma == FinalSigma::Zero);
    }

    void theFilesLevelsAreTakenUnlessOthersAreAskedFor() {
        SchedulerConfig config;
        config.sampler = "euler";
        config.exponentialSigmas = true;
        config.timestepSpacing = TimestepSpacing::Leading;
        protocol::GenerationSettings asked;
        asked.sampler = "euler";
        const auto given = [&](const char* schedule) {
            asked.schedule = schedule;
            return samplerSettings(config, asked, Family::StableDiffusionXL);
        };
        QVERIFY(given("default").levels == LevelSpread::Exponential);
        QVERIFY(given("karras").levels == LevelSpread::Karras);
        QVERIFY(given("karras").timestepSpacing == TimestepSpacing::Leading);
        QVERIFY(given("beta").levels == LevelSpread::Beta);
        QVERIFY(given("trailing").levels == LevelSpread::Spaced);
        for (const char* const schedule : {"trailing", "sgm_uniform", "ays"}) {
            QVERIFY(given(schedule).timestepSpacing == TimestepSpacing::Trailing);
        }
        QVERIFY(given("ays").alignedSteps == AlignedSteps::StableDiffusionXl);
        QVERIFY_EXCEPTION_THROWN(given("of my own"), Failure);
        asked.sampler = "lcm";
        QVERIFY_EXCEPTION_THROWN(given("karras"), Failure);
    }

    void etaIsTheSamplersUnlessItIsAskedFor() {
        const SchedulerConfig config;
        protocol::GenerationSettings asked;
        const auto eta = [&](const char* sampler, double given) {
            asked.sampler = sampler;
            asked.eta = given;
            return samplerSettings(config, asked).eta;
        };
        QCOMPARE(eta("ddim", -1), 0.0);
        QCOMPARE(eta("euler_a", -1), 1.0);
        QCOMPARE(eta("tcd", -1), 0.3);
        QCOMPARE(eta("euler_a", 0), 0.0);
        QCOMPARE(eta("tcd", 0.8), 0.8);
    }

    void aDistilledModelTakesNoMoreStepsThanItWasTaught() {
        SchedulerConfig config;
        config.originalSteps = 8;
        protocol::GenerationSettings asked;
        asked.sampler = "lcm";
        asked.steps = 8;
        QCOMPARE(samplerSettings(config, asked).originalSteps, 8);
        asked.steps = 9;
        QVERIFY_EXCEPTION_THROWN(samplerSettings(config, asked), Failure);
    }
};

QTEST_APPLESS_MAIN(TestSamplerSettings)
#include "test_sampler_settings.moc"
