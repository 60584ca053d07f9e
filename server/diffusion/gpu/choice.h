// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "server/diffusion/device.h"
#include "server/diffusion/gpu/verdict.h"
#include "server/generator/nvidia.h"

namespace easel::diffusion::gpu {

/// Has what draws on `device` use those kernels of Easel's own that are right there, and says which in words;
/// empty on the CPU. What `file` does not remember is examined by a process of its own, another one of this
/// program with --examine-kernels; without a file all is. Without libeasel_cuda.so beside the program
/// nothing changes.
std::string useKernels(const Device& device, const std::filesystem::path& file,
                       const generator::Nvidia& nvidia = generator::findNvidia());

/// That process's part: prints what examineApart() reads, for each of `skills` (as toString(Skill) has them).
void examineHere(const Device& device, std::span<const std::string> skills);

/// Runs `program` for as long as `limit` at most, and hands over its lines, as Run has it.
void runApart(const std::vector<std::string>& program, std::chrono::milliseconds limit,
              const std::function<void(const std::string& line)>& hear);

}  // namespace easel::diffusion::gpu
