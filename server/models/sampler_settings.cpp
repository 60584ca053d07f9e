// SPDX-License-Identifier: Apache-2.0
#include "server/models/scheduler_config.h"

namespace easel::models {

SamplerSettings settingsFor(const SchedulerConfig& config, std::string_view sampler) {
    SamplerSettings settings;
    settings.trainTimesteps = config.trainTimesteps;
    settings.betaStart = config.betaStart;
    settings.betaEnd = config.betaEnd;
    settings.betaSchedule = config.betaSchedule;
    settings.trainedBetas = config.trainedBetas;
    settings.prediction = config.prediction;

    const bool own = config.isOwn && sampler == config.sampler;
    const bool ddim = sampler == "ddim";
    const bool pndm = sampler == "pndm";
    const bool dpm = sampler == "dpmpp_2m";
    const bool euler = sampler == "euler";

    settings.timestepSpacing =
        config.timestepSpacing.value_or(ddim || pndm ? TimestepSpacing::Leading : TimestepSpacing::Linspace);
    // The pipeline sets steps_offset to 1 and clip_sample to false in the scheduler that it is loaded with.
    // Another one takes these over where the file had named the key, and has its own defaults where not.
    settings.stepsOffset = own || config.stepsOffset ? 1 : 0;
    settings.clipSample = ddim && !own && !config.clipSample;
    settings.clipSampleRange = config.clipSampleRange.value_or(1);
    settings.setAlphaToOne = (ddim || pndm) && config.setAlphaToOne.value_or(ddim);
    settings.rescaleBetasZeroSnr = !pndm && config.rescaleBetasZeroSnr.value_or(false);
    settings.finalSigma = dpm || euler ? config.finalSigma.value_or(FinalSigma::Zero) : FinalSigma::Zero;
    settings.karrasSigmas = (dpm || euler) && config.karrasSigmas.value_or(false);
    settings.lowerOrderFinal = config.lowerOrderFinal.value_or(true);
    settings.eulerAtFinal = config.eulerAtFinal.value_or(false);
    return settings;
}

}  // namespace easel::models
