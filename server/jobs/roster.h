// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "server/jobs/followers.h"
#include "server/jobs/job_store.h"
#include "server/jobs/pace.h"
#include "server/jobs/turns.h"
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
    std::chrono::steady_clock::time_point lastStepAt{};
};

/// Completes a finished job with what the store does not keep.
protocol::Job withFinalProgress(protocol::Job job);

/// Every unfinished job as clients see it: the waiting ones in their order, the running ones, how far
/// they are, and who follows them. In memory alone, passive, guarded by its owner.
class Roster {
public:
    using Clock = std::chrono::steady_clock;

    /// `sequence` is asked for numbers that are later than those of all events before, see ServerClock.
    explicit Roster(std::function<std::uint64_t()> sequence) : m_sequence(std::move(sequence)) {}

    /// Adds a queued job: one that was started before is next, any other is behind those of its owner.
    void add(JobRecord record);
    /// See Turns.
    void restore(const std::map<std::string, std::int64_t>& used);
    std::int64_t used(const std::string& owner) const { return m_turns.used(owner); }
    std::int64_t usedOnceStarted(const std::string& id) const { return m_turns.usedOnceStarted(id); }
    LiveJob* find(const std::string& id);
    const LiveJob* find(const std::string& id) const;
    /// The job if it is running as this attempt, so that what a lost attempt still says goes nowhere.
    LiveJob* running(const std::string& id, int attempt);
    std::optional<std::string> nextWaiting() const;
    std::vector<std::string> runningIds() const;
    std::vector<std::string> withOutcome() const;

    int waitingCount() const { return static_cast<int>(m_waiting.size()); }
    int runningCount() const { return static_cast<int>(m_live.size()) - waitingCount(); }
    int waitingCount(const std::string& owner) const;
    /// Seconds for a megapixel-step; empty while that is not known.
    std::optional<double> pace() const { return m_pace.seconds(); }
    /// Megapixel-steps that are drawn in an hour; empty until a job has ended.
    std::optional<double> hourOfWork() const { return m_hour.work(); }

    /// Where one more job of `owner` would stand.
    struct Place {
        int ahead = 0;               ///< jobs that would run before it
        std::optional<double> wait;  ///< seconds until it would begin; empty while the pace is not known
    };
    Place placeFor(const std::string& owner, const protocol::GenerationSettings& settings) const;
    /// Whether `owner` may have one more of the `capacity` places to wait in: up to three times as many as
    /// are left (dynamic thresholds, Choudhury and Hahne, 1998, https://doi.org/10.1109/90.664262). One
    /// client gets three quarters, two get three sevenths each, and a place is left for the next.
    bool hasRoom(const std::string& owner, int capacity) const;
    /// Seconds until it may, if nothing else comes; empty while the pace is not known.
    std::optional<double> secondsUntilRoom(const std::string& owner, int capacity) const;

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
    void reorder();
    double runningWork() const;

    const std::function<std::uint64_t()> m_sequence;
    std::unordered_map<std::string, LiveJob> m_live;
    Turns m_turns;
    std::vector<std::string> m_waiting;  // in the order of their turns
    Followers m_followers;
    Pace m_pace;
    HourOfWork m_hour;
};

}  // namespace easel::jobs
