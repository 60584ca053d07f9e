// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "shared/protocol/log_entry.h"

namespace easel::commands {

class RecentLines;

/// Automatic: for the journal where it reads standard error, else text.
enum class LogFormat { Automatic, Text, Journal, Json };
enum class LogLevel { Debug, Info, Warning, Error };

struct LogOptions {
    LogFormat format = LogFormat::Automatic;
    LogLevel level = LogLevel::Info;  ///< what is less is not written
};

/// Sends what spdlog is told to standard error for as long as it lives: in the background, so that nobody
/// waits for it, and as printable text without secrets, whoever wrote it. Outlives every thread that logs.
/// As text a line begins with time and level; for the journal, which knows the time, with the level as "<6>";
/// as JSON it is an object (see protocol::LogEntry).
class Log {
public:
    explicit Log(LogOptions options = {});
    ~Log();
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;

    /// The last `count` lines of those that are kept (see RecentLines), oldest first, as text; from any
    /// thread.
    std::vector<std::string> last(int count) const;

private:
    const std::shared_ptr<RecentLines> m_recent;
};

/// What the lines are about that this thread logs while it lives; the innermost counts.
class LogAbout {
public:
    explicit LogAbout(protocol::LogSubject subject);
    ~LogAbout();
    LogAbout(const LogAbout&) = delete;
    LogAbout& operator=(const LogAbout&) = delete;

private:
    const protocol::LogSubject m_subject;
    const protocol::LogSubject* const m_outer;
};

}  // namespace easel::commands
