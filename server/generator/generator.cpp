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

}  // namespace easel::generator
