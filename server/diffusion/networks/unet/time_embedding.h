// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "server/diffusion/conditioning/conditioning.h"
#include "server/diffusion/networks/layers.h"
#include "server/models/configs/unet_config.h"

namespace easel::diffusion {

/// What a UNet, or a network beside it, knows of the moment: the timestep, and in some models the guidance
/// scale, the prompt as a whole and sizes.
struct TimeEmbedding {
    TimeEmbedding(const Weights& in, const models::UNetConfig& config);
    /// timesteps [B] float32, conditioning of B pictures → [B, time width] in `dtype`, before its SiLU.
    /// Throws Failure where something is wanting.
    at::Tensor forward(const at::Tensor& timesteps, const Conditioning& conditioning,
                       at::ScalarType dtype) const;

    Linear time_embedding_linear_1;
    Linear time_embedding_linear_2;
    std::optional<Linear> time_embedding_cond_proj;
    std::optional<Linear> add_embedding_linear_1;
    std::optional<Linear> add_embedding_linear_2;
    models::UNetConfig config;
};

}  // namespace easel::diffusion
