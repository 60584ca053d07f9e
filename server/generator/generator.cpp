// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "server/generator/generator.h"

#include <fmt/core.h>

#include "shared/protocol/passes.h"

namespace easel::generator {

namespace {

/// "3.4 GiB", "35 MiB"
std::string inWords(std::int64_t bytes) {
    const double mib = static_cast<double>(bytes) / (1024 * 1024);
    return mib < 1024 ? fmt::format("{:.0f} MiB", mib) : fmt::format("{:.1f} GiB", mib / 1024);
}

}  // namespace

bool isPreviewDue(const protocol::GenerationSettings& settings, int step) {
    return settings.previewEvery > 0 && step > 0 && step % settings.previewEvery == 0 &&
           step < protocol::stepsOf(settings);
}

std::string inOneLine(const Status& status) {
    if (!status.ready) {
        return status.message;
    }
    return fmt::format("{} ({}, {}, {})", status.message, status.device, status.deviceName, status.precision);
}

protocol::Problem modelTooLarge(const std::string& model, std::int64_t bytes, std::int64_t budget) {
    return protocol::invalidField(
        "model", fmt::format("The model {} takes {} of memory, and this server has {} for models. Use a "
                             "smaller one, or start the server with more --memory.",
                             model, inWords(bytes), inWords(budget)));
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
