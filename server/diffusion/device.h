// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "server/diffusion/weights/weights.h"
#include "server/generator/nvidia.h"

namespace easel::diffusion {

/// What a model runs on.
struct Device {
    Placement placement;
    std::string name;       ///< "cpu", "cuda:0"
    std::string hardware;   ///< "AMD EPYC 7B13", "NVIDIA L4"
    std::string precision;  ///< "fp32", "fp16", "bf16": what the placement's dtype is called
    /// Why "auto" left the NVIDIA device that is there alone, and what to do; empty if it did not.
    std::string remark;
};

/// `wanted` is "auto" (the first GPU if it can compute, or else the CPU), "cpu", "cuda" or "cuda:N".
/// `precision` is "fp32", "fp16", "bf16" or "auto": fp16 on a GPU; on the CPU bf16 if it is much faster in
/// it, or else fp32; the CPU has no fp16. `nvidia` is what the machine has. Throws a Failure that says what
/// is missing.
Device openDevice(std::string_view wanted, std::string_view precision = "fp32",
                  const generator::Nvidia& nvidia = generator::findNvidia());

/// Brings in what libtorch needs for a GPU, and answers how many CUDA finds. Throws a Failure that says what
/// is missing.
int loadCuda(const generator::Nvidia& nvidia);

/// Waits until `device` has done all that it was asked for.
void synchronize(const Device& device);

}  // namespace easel::diffusion
