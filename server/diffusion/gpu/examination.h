// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>

#include "server/diffusion/gpu/verdict.h"

namespace easel::diffusion::gpu {

/// How far a kernel may be behind ATen's form of the same; a smaller difference is noise.
inline constexpr double kSlowest = 1.5;

/// Compares `kernels` with ATen on `device`, in some shapes that networks have and some that they have not.
/// Without a finite `slowest` nothing large is computed, and no time taken. `begins` is told of each skill
/// before it is tried, `ends` of what came of it. What an error leaves of a device is unusable, so nothing is
/// tried behind it.
void examine(const Kernels& kernels, c10::Device device, std::span<const Skill> skills, double slowest,
             const std::function<void(const Skill&)>& begins,
             const std::function<void(const Verdict&)>& ends);

}  // namespace easel::diffusion::gpu
