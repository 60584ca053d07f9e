// SPDX-License-Identifier: Apache-2.0
#include "shared/protocol/job.h"

#include <array>
#include <cstddef>

#include <fmt/core.h>

#include "shared/protocol/enum_names.h"

namespace easel::protocol {

namespace {

// Each enum's names in the order of its values.
constexpr std::array<std::string_view, 6> kJobStates{"queued",    "held",   "running",
                                                     "succeeded", "failed", "cancelled"};
constexpr std::array<std::string_view, 4> kStages{"waiting", "encoding", "denoising", "decoding"};
constexpr std::array<std::string_view, 5> kHoldReasons{"disk_low", "model_missing", "device_drained",
                                                       "restarted", "other"};

}  // namespace

std::string_view toString(JobState state) {
    return kJobStates[static_cast<std::size_t>(state)];
}

std::optional<JobState> jobStateFrom(std::string_view name) {
    return valueNamed<JobState>(kJobStates, name);
}

bool isFinished(JobState state) {
    return state == JobState::Succeeded || state == JobState::Failed || state == JobState::Cancelled;
}

std::string_view toString(Stage stage) {
    return kStages[static_cast<std::size_t>(stage)];
}

std::optional<Stage> stageFrom(std::string_view name) {
    return valueNamed<Stage>(kStages, name);
}

std::string_view toString(HoldReason reason) {
    return kHoldReasons[static_cast<std::size_t>(reason)];
}

std::optional<HoldReason> holdReasonFrom(std::string_view name) {
    return valueNamed<HoldReason>(kHoldReasons, name);
}

bool isPriority(std::int64_t number) {
    return -kMaxPriority <= number && number <= kMaxPriority;
}

Problem priorityOutOfRange() {
    return invalidField("priority", fmt::format("priority must be between -{0} and {0}.", kMaxPriority));
}

std::string_view nameOf(const JobEvent& event) {
    return std::visit(Overloaded{[](const Job& job) -> std::string_view {
                                     return isFinished(job.state) ? "done" : "state";
                                 },
                                 [](const Progress&) -> std::string_view { return "progress"; },
                                 [](const ImageInfo&) -> std::string_view { return "image"; },
                                 [](const Preview&) -> std::string_view { return "preview"; }},
                      event.news);
}

bool isLast(const JobEvent& event) {
    const Job* job = std::get_if<Job>(&event.news);
    return job != nullptr && isFinished(job->state);
}

}  // namespace easel::protocol
