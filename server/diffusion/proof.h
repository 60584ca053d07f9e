// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>

#include "server/diffusion/device.h"
#include "server/generator/proof.h"
#include "shared/protocol/generation.h"

namespace easel::diffusion {

/// Draws the first picture of `settings` with the model in `folder`, through the same pipeline as Engine, and
/// hands over what it is at each stage, in the order of generator::kStages. Throws Failure.
generator::Proof prove(const std::filesystem::path& folder, const Device& device,
                       const protocol::GenerationSettings& settings,
                       const std::function<void(generator::Stage)>& stage);

}  // namespace easel::diffusion
