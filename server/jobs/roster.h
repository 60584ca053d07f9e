// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "server/jobs/followers.h"
#include "server/jobs/job_store.h"
#include "shared/protocol/job.h"

namespace easel::jobs {

/// How a job ended, as long as the store could not yet be told.
struct Outcome {
    protocol::JobState state;
    std::optional<protocol::Problem> error;
};

/// A job that is not finished.
struct LiveJob {
    JobRecord record;
    std::uint64_t sequence = 0;  ///< of its latest event
    bool cancelRequested = false;
    std::optional<protocol::Problem> failure;  ///< it is being stopped because of this
    std::optional<Outcome> outcome;
    std::chrono::steady_clock::time_point firstStepAt{};
    int firstStep = 0;  ///< the step that was done at firstStepAt; 0: none yet
};

/// Completes a finished job with what the store does not keep.
protocol::Job withFinalProgress(protocol::Job job);

/// Every unfinished job as clients see it: the waiting ones in their order, the running ones, how far
/// they are, and who follows them. In memory alone, passive, guarded by its owner.
class Roster {
public:
    using Clock = std::chrono::steady_clock;

    /// Adds a queued job behind all others.
    void add(JobRecord record);
    LiveJob* find(const std::string& id);
    const LiveJob* find(const std::string& id) const;
    /// The job if it is running as this attempt, so that what a lost attempt still says goes nowhere.
    LiveJob* running(const std::string& id, int attempt);
    std::optional<std::string> nextWaiting() const;
    std::vector<std::string> runningIds() const;
    std::vector<std::string> withOutcome() const;

    int waitingCount() const { return static_cast<int>(m_waiting.size()); }
    int runningCount() const { return static_cast<int>(m_live.size()) - waitingCount(); }
    /// Seconds until everything is drawn at the present pace; empty while that is not known.
    std::optional<double> drainSeconds() const;

    /// The job as it is shown, with its place in the queue.
    protocol::Job snapshot(const LiveJob& live) const;

    /// Each of these tells the job's followers, and the others whose place changed.
    void start(LiveJob& live, int attempt, std::int64_t now);
    void progress(LiveJob& live, protocol::Progress progress, Clock::time_point now);
    void addImage(LiveJob& live, protocol::ImageInfo image);
    void requeue(LiveJob& live, Requeue why);
    void finish(LiveJob& live, const Outcome& outcome, std::int64_t now);  ///< and forgets it

    /// Follows a live job. See Queue::subscribe.
    std::shared_ptr<Followers::Follower> follow(const LiveJob& live, std::optional<std::uint64_t> after,
                                                EventCallback callback);
    /// Follows a job that is not live any more: it is told just that.
    std::shared_ptr<Followers::Follower> followFinished(protocol::Job job, EventCallback callback);
    /// The calls that followers are to get, made by the owner without its lock.
    bool hasPending() const { return m_followers.hasPending(); }
    std::vector<Followers::Telling> takePending() { return m_followers.takePending(); }

private:
    void emit(LiveJob& live, protocol::JobEventType type);
    void tellPlaces();

    std::unordered_map<std::string, LiveJob> m_live;
    std::deque<std::string> m_waiting;
    Followers m_followers;
    std::optional<double> m_pace;  // seconds per step and pixel, of the latest jobs
};

}  // namespace easel::jobs
