// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace easel::protocol {

/// How a device is. Starting: it cannot draw yet, or not just now. Draining: it finishes what it has, and
/// gets nothing more. Drained: it has nothing. Failed: not before something is mended.
enum class DeviceState { Starting, Ready, Draining, Drained, Failed };

std::string_view toString(DeviceState state);

/// One of the devices that a server draws on: `GET /v1/devices`.
struct DeviceInfo {
    std::string id;               ///< its place in the server's --device, from "0"
    std::string device = {};      ///< "cpu", "cuda:0"; until it has said, as it was asked for
    std::string deviceName = {};  ///< "AMD EPYC", "NVIDIA L4"; empty until it has said
    std::string precision = {};   ///< "fp32", "fp16", "bf16"; empty until it has said
    DeviceState state = DeviceState::Starting;
    std::string message = {};              ///< one sentence for a person
    int running = 0;                       ///< jobs that it has
    int capacity = 0;                      ///< jobs that it is worth giving it at a time
    std::int64_t memoryBudget = 0;         ///< bytes that models and drawings may take; 0: not known
    std::int64_t memoryUsed = 0;           ///< bytes that models hold of it
    std::vector<std::string> models = {};  ///< that it holds, the latest used first

    bool operator==(const DeviceInfo&) const = default;
};

}  // namespace easel::protocol
