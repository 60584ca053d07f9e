// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "shared/protocol/generation.h"
#include "shared/protocol/preview.h"
#include "shared/protocol/problem.h"

namespace easel::protocol {

enum class JobState { Queued, Held, Running, Succeeded, Failed, Cancelled };

std::string_view toString(JobState state);
std::optional<JobState> jobStateFrom(std::string_view name);
/// Succeeded, failed and cancelled jobs never change again.
bool isFinished(JobState state);

/// `Other`: one that a newer server gives.
enum class HoldReason { DiskLow, ModelMissing, DeviceDrained, Restarted, Other };

std::string_view toString(HoldReason reason);
std::optional<HoldReason> holdReasonFrom(std::string_view name);

/// Why a job does not get its turn, and what gives it back: a sentence each.
struct Hold {
    HoldReason reason = HoldReason::Other;
    std::string detail;
    std::string cure;

    bool operator==(const Hold&) const = default;
};

/// A job's priority is in -kMaxPriority..kMaxPriority.
inline constexpr int kMaxPriority = 100;

bool isPriority(std::int64_t number);
Problem priorityOutOfRange();

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
    std::string note = {};  ///< how it was drawn otherwise than usual, and why; mostly nothing

    bool operator==(const ImageInfo&) const = default;
};

/// Times are milliseconds since 1970 UTC here, RFC 3339 on the wire.
struct Job {
    std::string id;
    JobState state = JobState::Queued;
    GenerationSettings settings;
    std::optional<Hold> hold;    ///< of a held job
    int priority = 0;            ///< among its client's jobs the higher goes first
    std::string requestId = {};  ///< X-Request-Id of the request that handed it in; empty: none is known
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

/// Most jobs that one page may have.
inline constexpr int kMaxPage = 100;

/// The queue as a whole.
struct QueueState {
    bool paused = false;  ///< nothing is started
    int queued = 0;
    int held = 0;
    int running = 0;

    bool operator==(const QueueState&) const = default;
};

/// Where a waiting job is to go among its client's jobs; without either: in front of all of its priority.
struct Move {
    std::optional<std::string> before;  ///< in front of that job, with its priority
    std::optional<int> priority;        ///< behind the others of this priority

    bool operator==(const Move&) const = default;
};

/// One event of a stream: the whole job, or the part of it that is new. A follower gets the whole job first,
/// so it can join at any time.
struct JobEvent {
    /// Grows from event to event, over all jobs; the SSE id. A preview has none of its own, for nobody comes
    /// back for it: it has that of the event before it.
    std::uint64_t sequence = 0;
    std::string job;  ///< whose
    std::variant<Job, Progress, ImageInfo, Preview> news;

    bool operator==(const JobEvent&) const = default;
};

/// The event's name on the wire: "state", "done" for a job that is finished, "progress", "image",
/// "preview".
std::string_view nameOf(const JobEvent& event);
/// Whether nothing comes after it for its job.
bool isLast(const JobEvent& event);

/// For std::visit: a function for each alternative.
template <typename... Functions>
struct Overloaded : Functions... {
    using Functions::operator()...;
};
/// clang 16, which the fuzz targets are built with, does not find it by itself.
template <typename... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

}  // namespace easel::protocol
