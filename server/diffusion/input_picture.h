// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "server/generator/materials.h"
#include "server/image/fit.h"
#include "server/image/image.h"

namespace easel::diffusion {

/// The picture that a request calls `id` in its field `field`. Throws Failure where it is not there or cannot
/// be read.
image::Picture inputPicture(const generator::Materials& materials, const std::string& id,
                            const std::string& field);

/// What protocol::kResizes calls `name`.
image::Fit fitOf(const std::string& name);

/// 8-bit pixels → [1, 3, height, width] float32, 0 to 1.
at::Tensor toPixels(const image::Image& image);

}  // namespace easel::diffusion
