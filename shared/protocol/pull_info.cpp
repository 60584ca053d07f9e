// SPDX-License-Identifier: Apache-2.0
#include "shared/protocol/pull_info.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "shared/protocol/enum_names.h"

namespace easel::protocol {

namespace {

constexpr std::array<std::string_view, 5> kStates{"waiting", "running", "succeeded", "failed", "cancelled"};
constexpr std::array<std::string_view, 2> kTasks{"fetch", "verify"};
constexpr std::size_t kLongestName = 96;  // the hub's

bool isOfTheAlphabet(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
}

/// An owner's or a model's name.
bool isPart(std::string_view part) {
    const auto isEdge = [](char c) { return c == '-' || c == '.'; };
    return !part.empty() && part.size() <= kLongestName && std::ranges::all_of(part, isOfTheAlphabet) &&
           !isEdge(part.front()) && !isEdge(part.back()) && part.find("--") == std::string_view::npos &&
           part.find("..") == std::string_view::npos;
}

}  // namespace

bool isHubName(std::string_view id) {
    const std::size_t slash = id.find('/');
    return slash != std::string_view::npos && isPart(id.substr(0, slash)) && isPart(id.substr(slash + 1)) &&
           !id.ends_with(".git");
}

std::string howToPull(const std::string& id, bool isOverHttp) {
    return "Pull it: easel-server pull " + id + (isOverHttp ? ", or POST /v1/pulls." : ".");
}

std::string_view toString(PullState state) {
    return kStates[static_cast<std::size_t>(state)];
}

std::optional<PullState> pullStateFrom(std::string_view name) {
    return valueNamed<PullState>(kStates, name);
}

std::string_view toString(PullTask task) {
    return kTasks[static_cast<std::size_t>(task)];
}

std::optional<PullTask> pullTaskFrom(std::string_view name) {
    return valueNamed<PullTask>(kTasks, name);
}

bool isFinished(PullState state) {
    return state != PullState::Waiting && state != PullState::Running;
}

}  // namespace easel::protocol
