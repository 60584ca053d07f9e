// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace easel::process {

/// A program to be started. It gets /dev/null as its input, `output` as both of its outputs, `socket`, if
/// there is one, as descriptor kSocket, and none of our other descriptors; a process group of its own, for
/// Ctrl-C is for us, who then end it in order; and no signal blocked or ignored.
struct Program {
    static constexpr int kSocket = 3;  // the first after the standard ones

    std::vector<std::string> arguments;    ///< the first is the program's path
    std::vector<std::string> environment;  ///< "NAME=VALUE"
    int output = -1;
    std::optional<int> socket = {};
};

/// 0 or an errno.
int spawn(const Program& program, pid_t& pid);
/// The variables of this process, as "NAME=VALUE".
std::vector<std::string> ownEnvironment();

}  // namespace easel::process
