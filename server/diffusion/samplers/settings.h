// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "server/models/configs/scheduler_config.h"
#include "shared/protocol/generation.h"

namespace easel::diffusion {

/// What one sampler works with: nothing is left open any more.
struct SamplerSettings {
    int trainTimesteps = 1000;
    models::Betas betas;
    std::vector<float> trainedBetas;  ///< instead of them, when not empty
    models::PredictionType prediction = models::PredictionType::Epsilon;
    models::TimestepSpacing timestepSpacing = models::TimestepSpacing::Leading;
    int stepsOffset = 0;
    bool clipSample = false;     ///< ddim: clamp the predicted clean latent
    double clipSampleRange = 1;  ///< to ± this
    bool setAlphaToOne = false;  ///< ddim, pndm: the alpha after the last step is 1, not the first one
    bool rescaleBetasZeroSnr = false;
    models::FinalSigma finalSigma = models::FinalSigma::Zero;
    bool karrasSigmas = false;
    bool lowerOrderFinal = true;  ///< dpmpp_2m
    bool eulerAtFinal = false;    ///< dpmpp_2m

    bool operator==(const SamplerSettings&) const = default;
};

/// What diffusers' StableDiffusionPipeline would run `sampler` (a wire name) with: as loaded when it is the
/// model's own, else as switched to, with that class's own defaults for all that the file does not say.
SamplerSettings settingsFor(const models::SchedulerConfig& config, std::string_view sampler);

/// What a request is drawn with. Throws Failure where its sampler has no such schedule, or cannot take so
/// many steps in the model's timesteps.
SamplerSettings samplerSettings(const models::SchedulerConfig& config,
                                const protocol::GenerationSettings& settings);

}  // namespace easel::diffusion
