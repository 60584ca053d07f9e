// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/samplers/settings.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <utility>

#include "server/diffusion/failure.h"
#include "server/diffusion/samplers/noise_schedule.h"
#include "server/diffusion/samplers/registry.h"
#include "shared/protocol/samplers.h"

namespace easel::diffusion {

namespace {

void requireThatStepsFit(const protocol::GenerationSettings& asked, const SamplerSettings& settings) {
    const SamplerEntry& sampler = samplerEntry(asked.sampler);
    if (asked.steps <= settings.trainTimesteps && sampler.stepsFit(settings, asked.steps)) {
        return;
    }
    int most = std::min(asked.steps, settings.trainTimesteps);
    while (most > 1 && !sampler.stepsFit(settings, most)) {
        --most;
    }
    throw Failure(protocol::invalidField(
        "steps", std::to_string(asked.steps) + " steps are too many: the model was trained with " +
                     std::to_string(settings.trainTimesteps) + " timesteps, in which " + asked.sampler +
                     " can take " + std::to_string(most) + ". Ask for no more than that."));
}

/// Betas that are within their bounds one by one may still leave no noise at the beginning or no picture at
/// the end, by which samplers would divide.
void requireThatLevelsGrow(const SamplerSettings& settings) {
    const auto levels = noiseLevels(settings);
    const bool grow = std::ranges::adjacent_find(levels, std::ranges::greater_equal()) == levels.end();
    if (!grow || !(levels.front() > 0) || !std::isfinite(levels.back())) {
        throw Failure(protocol::generationFailed(
            "The model cannot be drawn with: the betas of its scheduler leave no noise at the beginning or "
            "nothing of the picture at the end. Mend its scheduler_config.json."));
    }
}

LevelSpread spreadOf(const models::SchedulerConfig& config) {
    return config.karrasSigmas.value_or(false)        ? LevelSpread::Karras
           : config.exponentialSigmas.value_or(false) ? LevelSpread::Exponential
           : config.betaSigmas.value_or(false)        ? LevelSpread::Beta
                                                      : LevelSpread::Spaced;
}

constexpr std::pair<std::string_view, LevelSpread> kSchedules[] = {
    {"trailing", LevelSpread::Spaced},         {"karras", LevelSpread::Karras},
    {"exponential", LevelSpread::Exponential}, {"beta", LevelSpread::Beta},
    {"sgm_uniform", LevelSpread::SgmUniform},  {"ays", LevelSpread::Aligned},
};

/// `schedule`: one of protocol::SamplerKind's, but "default".
void takeSchedule(std::string_view schedule, SamplerSettings& settings) {
    settings.levels =
        std::ranges::find(kSchedules, schedule, [](const auto& each) { return each.first; })->second;
    // Those that the model's own spacing has no part in begin with all the noise that there is.
    if (schedule == "trailing" || schedule == "sgm_uniform" || schedule == "ays") {
        settings.timestepSpacing = models::TimestepSpacing::Trailing;
    }
}

}  // namespace

SamplerSettings settingsFor(const models::SchedulerConfig& config, std::string_view sampler) {
    const SamplerEntry& entry = samplerEntry(sampler);
    SamplerSettings settings;
    settings.trainTimesteps = config.trainTimesteps;
    // Whoever draws for the model's own class has its betas, even where it only stands for it.
    const models::Betas& usual = sampler == config.sampler ? config.ownBetas : entry.betas;
    settings.betas = {config.betaStart.value_or(usual.start), config.betaEnd.value_or(usual.end),
                      config.betaSchedule.value_or(usual.schedule)};
    settings.trainedBetas = config.trainedBetas;
    settings.prediction = config.prediction;
    settings.timestepSpacing = config.timestepSpacing.value_or(entry.spacing);
    // The pipeline sets steps_offset to 1 and clip_sample to false in the scheduler that it is loaded with.
    // Another one takes these over where the file had named the key, and has its own defaults where not.
    const bool own = config.isOwn && sampler == config.sampler;
    settings.stepsOffset = own || config.stepsOffset ? 1 : 0;
    settings.clipSample = entry.doesRead(SamplerEntry::ClipSample) && !own && !config.clipSample;
    settings.clipSampleRange = config.clipSampleRange.value_or(1);
    settings.setAlphaToOne =
        entry.doesRead(SamplerEntry::LastAlpha) && config.setAlphaToOne.value_or(entry.setAlphaToOne);
    settings.rescaleBetasZeroSnr =
        entry.doesRead(SamplerEntry::ZeroSnr) && config.rescaleBetasZeroSnr.value_or(false);
    settings.finalSigma = entry.doesRead(SamplerEntry::FinalSigma)
                              ? config.finalSigma.value_or(entry.finalSigma)
                              : entry.finalSigma;
    settings.levels = entry.doesRead(SamplerEntry::Levels) ? spreadOf(config) : LevelSpread::Spaced;
    settings.lowerOrderFinal = config.lowerOrderFinal.value_or(true);
    settings.eulerAtFinal = config.eulerAtFinal.value_or(false);
    settings.originalSteps =
        std::min(config.originalSteps.value_or(settings.originalSteps), config.trainTimesteps);
    settings.timestepScaling = config.timestepScaling.value_or(settings.timestepScaling);
    settings.eta = entry.eta;
    return settings;
}

SamplerSettings samplerSettings(const models::SchedulerConfig& config,
                                const protocol::GenerationSettings& settings, models::Family family) {
    auto result = settingsFor(config, settings.sampler);
    result.alignedSteps = family == models::Family::StableDiffusion ? AlignedSteps::StableDiffusion
                                                                    : AlignedSteps::StableDiffusionXl;
    if (settings.schedule != "default") {
        const auto* const kind = protocol::findSamplerKind(settings.sampler);
        if (std::ranges::find(kind->schedules, settings.schedule) == kind->schedules.end()) {
            throw Failure(protocol::invalidField(
                "schedule", settings.sampler + " has no schedule called " + settings.schedule + "."));
        }
        takeSchedule(settings.schedule, result);
    }
    if (settings.eta >= 0) {
        result.eta = settings.eta;
    }
    requireThatLevelsGrow(result);
    requireThatStepsFit(settings, result);
    return result;
}

}  // namespace easel::diffusion
