// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/protocol/generation.h"
#include "shared/protocol/problem.h"

namespace easel::protocol {

enum class JobState { Queued, Running, Succeeded, Failed, Cancelled };

std::string_view toString(JobState state);
std::optional<JobState> jobStateFrom(std::string_view name);
/// Succeeded, failed and cancelled jobs never change again.
bool isFinished(JobState state);

enum class Stage { Waiting, Encoding, Denoising, Decoding };

std::string_view toString(Stage stage);
std::optional<Stage> stageFrom(std::string_view name);

/// How far a running job is. Images of a job are drawn one after another or together; `step` counts
/// over all of them, so that it never runs backwards.
struct Progress {
    Stage stage = Stage::Waiting;
    int step = 0;                      ///< sampler steps done, over all images of the job
    int steps = 0;                     ///< sampler steps in all
    std::optional<double> etaSeconds;  ///< absent until it can be told

    bool operator==(const Progress&) const = default;
};

/// A finished picture of a job; its bytes are at routes::image(job, index).
struct ImageInfo {
    int index = 0;
    std::int64_t seed = 0;
    int width = 0;
    int height = 0;
    std::int64_t bytes = 0;
    std::string contentType = "image/png";

    bool operator==(const ImageInfo&) const = default;
};

/// Times are milliseconds since 1970 UTC here, RFC 3339 on the wire.
struct Job {
    std::string id;
    JobState state = JobState::Queued;
    GenerationSettings settings;
    int attempt = 0;
    int ahead = 0;  ///< jobs that will run before this one
    Progress progress;
    std::vector<ImageInfo> images;
    std::optional<Problem> error;
    std::int64_t createdAt = 0;
    std::optional<std::int64_t> startedAt;
    std::optional<std::int64_t> finishedAt;

    bool operator==(const Job&) const = default;
};

/// One page of `GET /v1/jobs`, newest first.
struct JobPage {
    std::vector<Job> jobs;
    std::optional<std::string> next;  ///< pass as ?before= for the page after this one

    bool operator==(const JobPage&) const = default;
};

enum class JobEventType { State, Progress, Image, Done };

std::string_view toString(JobEventType type);
std::optional<JobEventType> jobEventTypeFrom(std::string_view name);

/// One event of a job's stream. On the wire its data is: State and Done, the whole job; Progress, the
/// progress; Image, the image. A follower gets the whole job first, so it can join at any time.
struct JobEvent {
    std::uint64_t sequence = 0;  ///< grows within a job; the SSE id
    JobEventType type = JobEventType::State;
    Job job;  ///< as it is after this event; a client that parses one fills in just the event's part

    bool operator==(const JobEvent&) const = default;
};

}  // namespace easel::protocol
