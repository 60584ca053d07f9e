// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <utility>

#include "server/generator/generator.h"

namespace easel::generator {

namespace {

/// "3.4 GiB", "35 MiB"
std::string inWords(std::int64_t bytes) {
    const double mib = static_cast<double>(bytes) / (1024 * 1024);
    char text[32];
    std::snprintf(text, sizeof text, mib < 1024 ? "%.0f MiB" : "%.1f GiB", mib < 1024 ? mib : mib / 1024);
    return text;
}

}  // namespace

std::string inOneLine(const Status& status) {
    if (!status.ready) {
        return status.message;
    }
    return status.message + " (" + status.device + ", " + status.deviceName + ", " + status.precision + ")";
}

protocol::Problem modelTooLarge(const std::string& model, std::int64_t bytes, std::int64_t budget) {
    return protocol::invalidField("model", "The model " + model + " takes " + inWords(bytes) +
                                               " of memory, and this server has " + inWords(budget) +
                                               " for models. Use a smaller one, or start the server with "
                                               "more --memory.");
}

protocol::Problem cancelled() {
    return {409, kCancelled, "Cancelled", "The job was cancelled.", {}};
}

protocol::Problem workerLost(std::string detail) {
    return {500, kWorkerLost, "The picture could not be finished", std::move(detail), {}};
}

End endOf(const std::optional<protocol::Problem>& problem) {
    static const std::string kNotReady = protocol::unavailable({}).code;
    if (!problem) {
        return End::Drawn;
    }
    const std::string& code = problem->code;
    return code == kCancelled    ? End::Cancelled
           : code == kWorkerLost ? End::WorkerLost
           : code == kNotReady   ? End::NotReady
                                 : End::Failed;
}

}  // namespace easel::generator
