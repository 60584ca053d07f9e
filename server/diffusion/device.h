// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "server/diffusion/weights/weights.h"

namespace easel::diffusion {

/// What a model runs on.
struct Device {
    Placement placement;
    std::string name;       ///< "cpu", "cuda:0"
    std::string hardware;   ///< "AMD EPYC 7B13", "NVIDIA L4"
    std::string precision;  ///< "fp32", "fp16", "bf16": what the placement's dtype is called
    std::string remark;     ///< why "auto" left the GPU that is there alone; empty if it did not
};

/// `wanted` is "auto" (the first GPU if it can compute, or else the CPU), "cpu", "cuda" or "cuda:N".
/// `precision` is "fp32", "fp16", "bf16" or "auto": half on a GPU, single on the CPU, which knows no other.
/// Throws a Failure that says what is missing.
Device openDevice(std::string_view wanted, std::string_view precision = "auto");

/// Waits until `device` has done all that it was asked for.
void synchronize(const Device& device);

}  // namespace easel::diffusion
