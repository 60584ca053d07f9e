// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <c10/core/Device.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "server/diffusion/conditioning/guidance.h"
#include "server/models/model_folder.h"
#include "shared/protocol/generation.h"

namespace easel::diffusion {

/// What a picture is to be, in words.
struct Words {
    std::vector<Speech> positive;    ///< one, or several that are joined
    std::optional<Speech> negative;  ///< of the same length; nothing where nothing is compared with it
};

/// Whether a picture's prompts, of which `joined` are joined, are compared with the negative one.
bool comparesWithNegative(const models::ModelFolder& model, const protocol::GenerationSettings& settings,
                          std::size_t joined);

/// How a picture is asked of `model`: `words`, with the sizes that the model is told of beside them, and
/// `channels` [1, C', H, W] beside the latents in models that inpaint or edit. Throws Failure where those are
/// wanting, or where there are some that the model does not take.
std::shared_ptr<const Guidance> branchesOf(const models::ModelFolder& model,
                                           const protocol::GenerationSettings& settings, Words words,
                                           const at::Tensor& channels, c10::Device device);

}  // namespace easel::diffusion
