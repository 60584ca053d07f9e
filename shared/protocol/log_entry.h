// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace easel::protocol {

/// What a line of the log is about, apart from its words; what is empty is left out.
struct LogSubject {
    std::string requestId = {};
    std::string jobId = {};
    // Of a request that was answered.
    std::string method = {};
    std::string path = {};
    std::string remote = {};
    int status = 0;
    std::chrono::milliseconds took{0};
};

struct LogEntry {
    std::int64_t at = 0;        ///< milliseconds since 1970 UTC
    std::string_view severity;  ///< "DEBUG", "INFO", "WARNING", "ERROR"
    std::string message;
    LogSubject subject;
};

/// One line, with the names that log collectors know: time, severity, message, request_id, job_id, and for a
/// request httpRequest with requestMethod, requestUrl, status, latency ("0.012s") and remoteIp.
std::string toJson(const LogEntry& entry);

}  // namespace easel::protocol
