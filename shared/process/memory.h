// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>

namespace easel::process {

/// A machine's memory in bytes, as far as this process may use it; 0 where the system does not say.
struct Memory {
    std::int64_t total = 0;
    std::int64_t available = 0;
};

/// By /proc and the limits of the control group, which `root` replaces in tests.
Memory memoryOfMachine(const std::filesystem::path& root = "/");

}  // namespace easel::process
