// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "server/generator/nvidia.h"
#include "server/generator/proof.h"

namespace easel::diffusion {

/// What this process could draw on: the CPU, and each GPU that CUDA finds.
generator::Inventory takeInventory(const generator::Nvidia& nvidia = generator::findNvidia());

}  // namespace easel::diffusion
