// SPDX-License-Identifier: Apache-2.0
#include "shared/protocol/job.h"

#include <array>
#include <cstddef>

namespace easel::protocol {

namespace {

// Each enum's names in the order of its values.
constexpr std::array<std::string_view, 5> kJobStates{"queued", "running", "succeeded", "failed", "cancelled"};
constexpr std::array<std::string_view, 4> kStages{"waiting", "encoding", "denoising", "decoding"};
constexpr std::array<std::string_view, 4> kEventTypes{"state", "progress", "image", "done"};

template <typename Enum, std::size_t N>
std::optional<Enum> find(const std::array<std::string_view, N>& names, std::string_view name) {
    for (std::size_t i = 0; i < N; ++i) {
        if (names[i] == name) {
            return static_cast<Enum>(i);
        }
    }
    return {};
}

}  // namespace

std::string_view toString(JobState state) {
    return kJobStates[static_cast<std::size_t>(state)];
}

std::optional<JobState> jobStateFrom(std::string_view name) {
    return find<JobState>(kJobStates, name);
}

bool isFinished(JobState state) {
    return state != JobState::Queued && state != JobState::Running;
}

std::string_view toString(Stage stage) {
    return kStages[static_cast<std::size_t>(stage)];
}

std::optional<Stage> stageFrom(std::string_view name) {
    return find<Stage>(kStages, name);
}

std::string_view toString(JobEventType type) {
    return kEventTypes[static_cast<std::size_t>(type)];
}

std::optional<JobEventType> jobEventTypeFrom(std::string_view name) {
    return find<JobEventType>(kEventTypes, name);
}

}  // namespace easel::protocol
