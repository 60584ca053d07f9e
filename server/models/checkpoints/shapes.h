// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "server/models/configs/text_encoder_config.h"
#include "server/models/configs/unet_config.h"
#include "server/models/configs/vae_config.h"
#include "server/models/files/tensor_source.h"
#include "shared/protocol/problem.h"

/// Configs from the shapes of tensors, for files that bring none. What no shape tells has the value that all
/// models of that shape have: 32 groups in every norm; eight heads where a transformer begins with a
/// convolution (Stable Diffusion 1), else heads of 64. Errors name the file and the tensor that is missing or
/// out of shape.
namespace easel::models {

/// Beside `sampleSize`, which is not told by shapes either.
protocol::Expected<UNetConfig> unetFromShapes(const TensorSource& source);
/// Beside the scaling factor.
protocol::Expected<VaeConfig> vaeFromShapes(const TensorSource& source);
/// `withProjection`: it tells of the prompt as a whole.
protocol::Expected<TextEncoderConfig> textEncoderFromShapes(const TensorSource& source, Activation activation,
                                                            bool withProjection);

}  // namespace easel::models
