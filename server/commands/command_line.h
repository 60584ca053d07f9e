// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace easel::commands {

/// What a command answers the shell.
inline constexpr int kSuccess = 0;
inline constexpr int kFailure = 1;
inline constexpr int kWrongArgument = 2;
inline constexpr int kIdle = 75;          // "serve" has ended by itself
inline constexpr int kInterrupted = 130;  // as shells say it: 128 + SIGINT

/// easel-server as a function: reads the arguments, runs the command, returns its exit status.
int run(int argc, char** argv);

}  // namespace easel::commands
