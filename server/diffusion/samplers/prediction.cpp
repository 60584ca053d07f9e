// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/samplers/prediction.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "server/diffusion/samplers/noise_schedule.h"

namespace easel::diffusion {

using models::PredictionType;

Mixture mixtureAt(float alpha) {
    return {std::sqrt(alpha), std::sqrt(1 - alpha)};
}

// All written out as in the reference: simplified, they would round differently.

at::Tensor pictureIn(const at::Tensor& latents, const at::Tensor& output, Mixture mixture,
                     PredictionType prediction) {
    switch (prediction) {
        case PredictionType::Sample:
            return output;
        case PredictionType::VPrediction:
            return mixture.picture * latents - mixture.noise * output;
        default:
            // Where nothing of it is left, as in a level that is finite.
            return (latents - mixture.noise * output) / std::max(mixture.picture, std::sqrt(kLeastAlpha));
    }
}

at::Tensor noiseIn(const at::Tensor& latents, const at::Tensor& output, Mixture mixture,
                   PredictionType prediction) {
    switch (prediction) {
        case PredictionType::Sample:
            return (latents - mixture.picture * output) / mixture.noise;
        case PredictionType::VPrediction:
            return mixture.picture * output + mixture.noise * latents;
        default:
            return output;
    }
}

at::Tensor pictureUnder(const at::Tensor& latents, const at::Tensor& output, float sigma,
                        PredictionType prediction) {
    const float variance = sigma * sigma + 1;
    switch (prediction) {
        case PredictionType::Sample:
            return output;
        case PredictionType::VPrediction:
            return output * (-sigma / std::sqrt(variance)) + latents / variance;
        default:
            return latents - sigma * output;
    }
}

}  // namespace easel::diffusion
