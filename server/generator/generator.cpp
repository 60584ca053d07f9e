// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "server/generator/generator.h"

namespace easel::generator {

std::string inOneLine(const Status& status) {
    if (!status.ready) {
        return status.message;
    }
    return status.message + " (" + status.device + ", " + status.deviceName + ", " + status.precision + ")";
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
