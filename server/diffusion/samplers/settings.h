// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "server/models/configs/scheduler_config.h"
#include "server/models/family.h"
#include "shared/protocol/generation.h"

namespace easel::diffusion {

/// How the levels of noise are spread over the steps.
enum class LevelSpread {
    Spaced,  ///< at the timesteps, as timestepSpacing has them
    Karras,
    Exponential,
    Beta,
    SgmUniform,
    Aligned,  ///< "Align your steps"
};

/// The models for which LevelSpread::Aligned is known.
enum class AlignedSteps { StableDiffusion, StableDiffusionXl };

/// What one sampler works with: nothing is left open any more.
struct SamplerSettings {
    int trainTimesteps = 1000;
    models::Betas betas;
    std::vector<float> trainedBetas;  ///< instead of them, when not empty
    models::PredictionType prediction = models::PredictionType::Epsilon;
    models::TimestepSpacing timestepSpacing = models::TimestepSpacing::Leading;
    int stepsOffset = 0;
    bool clipSample = false;     ///< ddim, ddpm: clamp the predicted clean latent
    double clipSampleRange = 1;  ///< to ± this
    bool setAlphaToOne = false;  ///< ddim, pndm: the alpha after the last step is 1, not the first one
    bool rescaleBetasZeroSnr = false;
    models::FinalSigma finalSigma = models::FinalSigma::Zero;
    LevelSpread levels = LevelSpread::Spaced;
    AlignedSteps alignedSteps = AlignedSteps::StableDiffusion;
    bool lowerOrderFinal = true;  ///< the multistep solvers
    bool eulerAtFinal = false;    ///< dpmpp_2m and its like
    int originalSteps = 50;       ///< lcm, tcd: what the model was distilled from
    double timestepScaling = 10;  ///< lcm
    double eta = 0;               ///< how much of its noise a step draws anew, 0 to 1

    bool operator==(const SamplerSettings&) const = default;
};

/// What diffusers' StableDiffusionPipeline would run `sampler` (a wire name) with: as loaded when it is the
/// model's own, else as switched to, with that class's own defaults for all that the file does not say.
SamplerSettings settingsFor(const models::SchedulerConfig& config, std::string_view sampler);

/// What a request is drawn with by a model of `family`. Throws Failure where its sampler has no such
/// schedule, or cannot take so many steps in the model's timesteps.
SamplerSettings samplerSettings(const models::SchedulerConfig& config,
                                const protocol::GenerationSettings& settings,
                                models::Family family = models::Family::StableDiffusion);

}  // namespace easel::diffusion
