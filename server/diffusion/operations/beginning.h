// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "server/diffusion/operations/canvas.h"
#include "server/diffusion/operations/start.h"
#include "server/diffusion/pipeline.h"
#include "shared/protocol/passes.h"

namespace easel::diffusion {

/// [1, 3, H, W] float32, -1 to 1.
at::Tensor toTensor(const image::Image& picture);

/// What `pipeline` begins with where its pictures come from `canvas`, from step `first` on. Throws Failure.
Start startFrom(const Canvas& canvas, const Pipeline& pipeline, int first);

/// What its second, larger pass begins with, where the first has come to `latents`. `upscaler`: one of
/// protocol::kHiresUpscalers; one of pixels decodes within about `room` bytes.
Start startLarger(const at::Tensor& latents, const Pipeline& pipeline, const protocol::Pass& pass,
                  std::string_view upscaler, std::int64_t room);

}  // namespace easel::diffusion
