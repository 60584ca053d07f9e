// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "shared/protocol/problem.h"

namespace easel::protocol {

/// Whether `id` is a name of the Hugging Face hub's, OWNER/NAME, in its alphabet: never a path or an address.
bool isHubName(std::string_view id);
/// How a model of that name comes here, as a sentence. `isOverHttp`: the server pulls it, too.
std::string howToPull(const std::string& id, bool isOverHttp = true);

enum class PullState { Waiting, Running, Succeeded, Failed, Cancelled };

std::string_view toString(PullState state);
std::optional<PullState> pullStateFrom(std::string_view name);
bool isFinished(PullState state);

/// How far a pull is. Zero until it is known what there is to be fetched; what was there already counts as
/// done.
struct PullProgress {
    int filesDone = 0;
    int files = 0;
    std::int64_t bytesDone = 0;
    std::int64_t bytes = 0;
    double bytesPerSecond = 0;  ///< of the last seconds

    bool operator==(const PullProgress&) const = default;
};

/// What is to be pulled: `POST /v1/pulls`.
struct PullRequest {
    std::string model;              ///< OWNER/NAME
    std::string revision = "main";  ///< a branch, a tag or a commit
    std::string variant = {};       ///< "fp16"; empty: the plain weights

    bool operator==(const PullRequest&) const = default;
};

/// Verify: what is here of the model is held against the hashes that the hub gave; nothing is fetched.
enum class PullTask { Fetch, Verify };

std::string_view toString(PullTask task);
std::optional<PullTask> pullTaskFrom(std::string_view name);

/// A model on its way from the hub into the server's cache, or being looked through there.
struct PullInfo {
    std::string id;
    PullTask task = PullTask::Fetch;
    PullRequest request = {};
    PullState state = PullState::Waiting;
    PullProgress progress = {};
    std::string commit = {};  ///< of the revision; empty until it is known
    std::string licence =
        {};  ///< as the model's card names it; empty until it is known, or where it names none
    std::optional<Problem> problem = {};  ///< of one that failed

    bool operator==(const PullInfo&) const = default;
};

}  // namespace easel::protocol
