// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace easel::commands {

struct PortHolder {
    std::string program;  ///< its name, as the kernel has it: 15 bytes at most
    int process = 0;
};

/// Who listens on a TCP port of this machine, as far as this account may know. `root` is another folder in
/// tests.
std::optional<PortHolder> whoListensOn(std::uint16_t port, const std::filesystem::path& root = "/");

}  // namespace easel::commands
