// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace easel::commands {

/// Sends what spdlog is told to standard error for as long as it lives: in the background, so that nobody
/// waits for it, and as printable text, whoever wrote it. Outlives every thread that logs.
class Log {
public:
    Log();
    ~Log();
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;
};

}  // namespace easel::commands
