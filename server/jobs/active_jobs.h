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

#include "server/jobs/job_store.h"
#include "server/jobs/pace.h"
#include "server/jobs/subscribers.h"
#include "server/jobs/turns.h"
#include "shared/protocol/eta.h"
#include "shared/protocol/job.h"

namespace easel::jobs {

/// How a job ended.
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
    std::optional<Outcome> outcome;            ///< it has ended, but the store could not yet be told
    protocol::Eta eta;
    std::optional<std::chrono::steady_clock::time_point> lastStepAt;
};

/// Whether it is queued or held.
bool waits(const protocol::Job& job);
/// Whether it waits for its first turn; who had one is next anyway.
bool canMove(const LiveJob& live);
/// Completes a finished job with what the store does not keep.
protocol::Job withFinalProgress(protocol::Job job);

/// Every unfinished job as clients see it: the waiting ones in their order, the held ones, the running ones
/// and how far they are, and who follows them. In memory alone, passive, guarded by its owner.
class ActiveJobs {
public:
    using Clock = std::chrono::steady_clock;

    /// `sequence` is asked for numbers that are later than those of all events of earlier processes.
    explicit ActiveJobs(std::function<std::uint64_t()> sequence) : m_sequence(std::move(sequence)) {}

    /// Adds a queued or held job: one that was started before is next, any other stands where Turns puts it.
    const LiveJob& add(JobRecord record);
    /// See Turns.
    void restore(const std::map<std::string, std::int64_t>& used);
    std::int64_t used(const std::string& owner) const { return m_turns.used(owner); }
    std::int64_t usedOnceStarted(const std::string& id) const { return m_turns.usedOnceStarted(id); }
    LiveJob* find(const std::string& id);
    const LiveJob* find(const std::string& id) const;
    /// The job if it is running as this attempt, so that what a lost attempt still says goes nowhere.
    LiveJob* running(const std::string& id, int attempt);
    const LiveJob* running(const std::string& id, int attempt) const;
    std::optional<std::string> nextWaiting() const;
    const std::vector<std::string>& waitingIds() const { return m_waiting; }
    std::vector<std::string> runningIds() const;
    std::vector<std::string> withOutcome() const;
    std::vector<const LiveJob*> held() const;
    /// The owner's jobs of this priority that can be moved, in the order of their ranks.
    std::vector<const LiveJob*> lineOf(const std::string& owner, int priority) const;

    int waitingCount() const { return static_cast<int>(m_waiting.size()); }
    int heldCount() const { return static_cast<int>(held().size()); }
    int runningCount() const { return count(protocol::JobState::Running); }
    /// Waiting or held: each takes one of the places to wait in.
    int placesTaken() const { return waitingCount() + heldCount(); }
    int placesTaken(const std::string& owner) const;
    /// Seconds for a megapixel-step; empty while that is not known.
    std::optional<double> pace() const { return m_pace.seconds(); }
    /// Seconds until all that waits its turn and runs is drawn; empty while the pace is not known.
    std::optional<double> backlog() const;
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

    /// Each of these tells who follows the job, and the others whose place changed.
    void place(const std::vector<Placement>& placements);
    void hold(LiveJob& live, protocol::Hold why);
    void release(LiveJob& live);
    void start(LiveJob& live, int attempt, std::int64_t now);
    void progress(LiveJob& live, protocol::Progress progress, Clock::time_point now);
    /// Tells it and forgets it: whoever comes later sees the next one.
    void preview(const LiveJob& live, protocol::Preview preview);
    void addImage(LiveJob& live, protocol::ImageInfo image);
    void requeue(LiveJob& live, Requeue why);
    /// A number for the event that will tell of an end. Until it is told or dropped, no later event is.
    std::uint64_t reserveEvent();
    void dropReserved() { m_reserved.reset(); }
    void finish(LiveJob& live, const Ending& ending);  ///< and forgets it
    /// It is gone, and its followers are told that it was cancelled.
    void removed(LiveJob& live, std::int64_t now);

    /// See JobQueue::subscribe.
    std::shared_ptr<Subscribers::Subscriber> follow(const LiveJob& live, std::optional<std::uint64_t> after,
                                                    EventCallback callback);
    /// Follows a job that is not live any more: it is told just that.
    std::shared_ptr<Subscribers::Subscriber> followFinished(protocol::Job job, EventCallback callback);
    /// See JobQueue::subscribeToAll; `finished` is told first where it came first.
    std::shared_ptr<Subscribers::Subscriber> followAll(const std::optional<std::string>& owner,
                                                       std::optional<std::uint64_t> after,
                                                       std::vector<Told> finished, EventCallback callback);
    /// The calls that subscribers are to get, made by the owner without its lock.
    std::vector<Subscribers::Delivery> takePending() {
        return m_subscribers.takePending(m_reserved.value_or(UINT64_MAX));
    }

private:
    std::uint64_t nextEvent();
    void tell(LiveJob& live);
    template <typename News>
    void tell(LiveJob& live, const News& news);
    void enqueue(const LiveJob& live);
    void reorder(const std::string& except = {});
    int count(protocol::JobState state) const;
    double runningWork() const;

    const std::function<std::uint64_t()> m_sequence;
    std::uint64_t m_lastEvent = 0;
    std::optional<std::uint64_t> m_reserved;
    std::unordered_map<std::string, LiveJob> m_live;
    Turns m_turns;
    std::vector<std::string> m_waiting;  // in the order of their turns
    Subscribers m_subscribers;
    Pace m_pace;
    HourOfWork m_hour;
};

}  // namespace easel::jobs
