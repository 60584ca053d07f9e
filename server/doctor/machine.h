// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/doctor/finding.h"
#include "server/generator/nvidia.h"
#include "server/generator/proof.h"
#include "shared/process/memory.h"

/// What a machine has, held against what drawing needs. Facts come in, findings go out: nothing here looks at
/// the machine, but for readClock().
namespace easel::doctor {

/// NVIDIA's driver.
Finding judgeDriver(const generator::Nvidia& nvidia);
/// libtorch: which one, and whether it fits the machine.
Finding judgeLibtorch(const generator::Inventory& inventory, const generator::Nvidia& nvidia);
/// What CUDA needs of the driver.
Finding judgeCuda(const generator::Inventory& inventory, const generator::Nvidia& nvidia);
/// The devices that cannot be used, and the memory of those that have some of their own. `needed`: bytes, of
/// the model that the server will hold.
std::vector<Finding> judgeDevices(const generator::Inventory& inventory, std::int64_t needed);
/// The machine's own memory, of which the model takes `needed` bytes when it is on the CPU.
Finding judgeMemory(const process::Memory& memory, std::int64_t needed);
/// How many files a process may have open.
Finding judgeDescriptors(std::size_t limit);

struct Clock {
    int year = 0;                        ///< of now
    std::optional<bool> isSynchronised;  ///< nothing: the kernel does not say
};
Clock readClock();
/// `built`: the year in which this program was built, before which no clock that is right can be.
Finding judgeClock(const Clock& clock, int built);

/// "3.4 GiB", "35 MiB"
std::string spelledMemory(std::int64_t bytes);

}  // namespace easel::doctor
