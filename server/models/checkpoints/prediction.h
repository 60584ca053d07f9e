// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "server/models/checkpoints/parts.h"
#include "server/models/configs/scheduler_config.h"
#include "server/models/configs/unet_config.h"
#include "server/models/files/tensor_source.h"

namespace easel::models {

/// What a UNet was trained to tell, which no shape says.
struct Prediction {
    PredictionType type = PredictionType::Epsilon;
    bool isZeroSnr = false;  ///< the last of its timesteps has no picture left in it
    std::string why;         ///< a clause: "the file is marked so"
};

/// The best guess from the marks that makers leave, and from numbers that came out otherwise in training.
Prediction guessPrediction(const SortedTensors& all, const TensorSource& unet, const UNetConfig& config);

}  // namespace easel::models
