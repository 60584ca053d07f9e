// SPDX-License-Identifier: Apache-2.0
#include "shared/protocol/log_entry.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "shared/protocol/json_parts.h"
#include "shared/protocol/timestamp.h"

namespace easel::protocol {

using nlohmann::json;

std::string toJson(const LogEntry& entry) {
    const LogSubject& subject = entry.subject;
    json line{{"time", formatTimestamp(entry.at)}, {"severity", entry.severity}, {"message", entry.message}};
    if (!subject.requestId.empty()) {
        line["request_id"] = subject.requestId;
    }
    if (!subject.jobId.empty()) {
        line["job_id"] = subject.jobId;
    }
    if (!subject.method.empty()) {
        line["httpRequest"] = {
            {"requestMethod", subject.method},
            {"requestUrl", subject.path},
            {"status", subject.status},
            {"latency", fmt::format("{:.3f}s", std::chrono::duration<double>(subject.took).count())},
            {"remoteIp", subject.remote}};
    }
    return text(line);
}

}  // namespace easel::protocol
