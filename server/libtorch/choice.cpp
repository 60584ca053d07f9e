// SPDX-License-Identifier: Apache-2.0
#include "server/libtorch/choice.h"

namespace easel::libtorch {

namespace {

std::string tooOld(const std::string& driver, const std::string& soWhat) {
    constexpr int kOldestForCuda12 = 525;
    const bool isForCuda12 = kCuda > 12 && generator::majorOf(driver) >= kOldestForCuda12;
    return "The NVIDIA driver is " + driver + ", and CUDA " + std::to_string(kCuda) + " needs " +
           std::to_string(kOldestDriver) + " or newer: " + soWhat +
           (isForCuda12 ? " Easel's packages whose version ends in +cuda12 draw with this one." : "");
}

}  // namespace

Choice choose(const generator::Nvidia& nvidia, std::optional<Kind> wanted) {
    const bool isOld = !nvidia.driver.empty() && generator::majorOf(nvidia.driver) < kOldestDriver;
    if (wanted) {
        const bool isInVain = *wanted == Kind::Cuda && isOld;
        return {*wanted,
                isInVain ? tooOld(nvidia.driver, "the GPU will not draw before the driver is new.") : ""};
    }
    if (isOld) {
        return {Kind::Cpu,
                tooOld(nvidia.driver, "taking libtorch for the CPU. Run this again when the driver is new.")};
    }
    if (nvidia.isReachable) {
        return {Kind::Cuda, nvidia.driver.empty()
                                ? "There is an NVIDIA driver: taking libtorch for the GPU."
                                : "The NVIDIA driver is " + nvidia.driver + ": taking libtorch for the GPU."};
    }
    return {Kind::Cpu,
            nvidia.driver.empty()
                ? "No NVIDIA driver is running here: taking libtorch for the CPU. With a GPU, run "
                  "this again when its driver is there."
                : "The NVIDIA driver " + nvidia.driver +
                      " is loaded, but programs cannot reach it (/dev/nvidiactl is missing): taking "
                      "libtorch for the CPU. Run this again when nvidia-smi shows the GPU."};
}

}  // namespace easel::libtorch
