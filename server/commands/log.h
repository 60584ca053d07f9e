// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace easel::commands {

class RecentLines;

/// Sends what spdlog is told to standard error for as long as it lives: in the background, so that nobody
/// waits for it, and as printable text without secrets, whoever wrote it. Outlives every thread that logs.
class Log {
public:
    Log();
    ~Log();
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;

    /// The last `count` lines of those that are kept (see RecentLines), oldest first; from any thread.
    std::vector<std::string> last(int count) const;

private:
    const std::shared_ptr<RecentLines> m_recent;
};

}  // namespace easel::commands
