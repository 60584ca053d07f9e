// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include "server/models/configs/scheduler_config.h"

namespace easel::diffusion {

/// How much of latents is picture and how much is noise, in standard deviations: their squares add up to 1.
struct Mixture {
    float picture;
    float noise;
};

/// At so much of the picture as noise_schedule.h's alphasCumprod() has it.
Mixture mixtureAt(float alpha);

/// The picture that the network takes `latents` for, given what it answers, all [1, C, H, W].
at::Tensor pictureIn(const at::Tensor& latents, const at::Tensor& output, Mixture mixture,
                     models::PredictionType prediction);
/// The noise that it sees in them.
at::Tensor noiseIn(const at::Tensor& latents, const at::Tensor& output, Mixture mixture,
                   models::PredictionType prediction);
/// The picture in latents that are a picture with noise of deviation `sigma` added.
at::Tensor pictureUnder(const at::Tensor& latents, const at::Tensor& output, float sigma,
                        models::PredictionType prediction);

}  // namespace easel::diffusion
