// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/jobs/input_records.h"
#include "server/jobs/server_clock.h"
#include "shared/protocol/job.h"
#include "shared/protocol/problem.h"

namespace easel::jobs {

/// A client's name for its request, so that asking twice draws once.
struct IdempotencyKey {
    std::string key;
    std::string request;  ///< what was asked, in any form in which equal requests are equal texts

    bool operator==(const IdempotencyKey&) const = default;
};

/// A job as it is kept: `job.ahead` and `job.progress` are not.
struct JobRecord {
    protocol::Job job;
    int losses = 0;  ///< attempts that ended because what drew them was lost
    std::optional<IdempotencyKey> key;
    std::string owner;           ///< the client that asked for it, in whatever form tells clients apart
    std::int64_t ownerUsed = 0;  ///< see Turns; only ever stored
    std::int64_t rank = 0;       ///< see Turns::Place; the store gives it
    /// Ids of the pictures that it is drawn from, each once; only ever stored.
    std::vector<std::string> inputs;
};

/// Why a running job goes back into the queue.
enum class Requeue {
    Lost,      ///< what drew it was lost; counted in JobRecord::losses
    GivenBack  ///< it was in order, but is not to be finished now
};

/// How a job ended, and when.
struct Ending {
    protocol::JobState state = protocol::JobState::Failed;
    std::optional<protocol::Problem> error;
    std::int64_t at = 0;      ///< the machine's time
    std::int64_t uptime = 0;  ///< the server's
    std::uint64_t event = 0;  ///< the number of the event that tells it
};

/// A worker's claim to a job, which ends unless it is renewed in time.
struct Lease {
    std::string worker;
    std::chrono::milliseconds time;
};

/// A job to be held.
struct Holding {
    std::string id;
    protocol::Hold hold;
};

/// Where a waiting job stands among its owner's.
struct Placement {
    std::string id;
    int priority = 0;
    std::int64_t rank = 0;
};

/// A finished job and the number of the event that told it.
struct Told {
    std::uint64_t event = 0;
    protocol::Job job;
};

/// How much of what is finished is kept; what has finished first goes first. Zero: nothing. Ages are in
/// the server's uptime, see ServerClock.
struct Retention {
    std::int64_t maxAgeMs = std::int64_t{7} * 24 * 60 * 60 * 1000;
    std::int64_t maxJobs = 10'000;
    std::int64_t maxBytes = std::int64_t{10} << 30;  ///< of images
};

/// The durable record of every job. What a call returned success for survives the death of the process
/// and of the machine; claims need not. Every change of a job that was started names the attempt that it
/// belongs to and answers false, changing nothing, when the job is gone or is not running that attempt: a
/// late worker cannot overwrite anything. Safe to call from any thread. Errors: noSpace, internalError.
class JobStore {
public:
    virtual ~JobStore() = default;

    /// Keeps a new job as queued, behind all others. With a key that is known already nothing is added and
    /// the record that has it is returned; else the new one. Its inputs stay as long as the job does. Errors:
    /// 409, an input is not there.
    virtual protocol::Expected<JobRecord> add(const JobRecord& record) = 0;
    virtual protocol::Expected<std::optional<JobRecord>> find(const std::string& id) = 0;
    virtual protocol::Expected<std::optional<JobRecord>> findByKey(const std::string& key) = 0;
    /// Newest first, without those that cannot be read; `before` is a former page's `next`. With an `owner`
    /// his jobs alone.
    virtual protocol::Expected<protocol::JobPage> list(int limit, const std::optional<std::string>& before,
                                                       const std::optional<std::string>& owner) = 0;
    /// Jobs that are not finished, oldest first. One that cannot be read is failed, so that it is told and
    /// keeps nobody from the others.
    virtual protocol::Expected<std::vector<JobRecord>> unfinished() = 0;

    /// By owner, the most that was ever stored as used with one of the jobs that are still kept.
    virtual protocol::Expected<std::map<std::string, std::int64_t>> used() = 0;

    /// Queued → running as attempt number `attempt`, which is one more than the last, and `lease.worker`'s. A
    /// running job whose claim has ended counts as lost and is claimed in the same way.
    virtual protocol::Expected<bool> claim(const std::string& id, int attempt, const Lease& lease,
                                           std::int64_t now, std::int64_t ownerUsed) = 0;
    /// Lets a claim end later. False: it is another's, or nobody's any more.
    virtual protocol::Expected<bool> renew(const std::string& id, int attempt, const Lease& lease) = 0;
    virtual protocol::Expected<bool> addImage(const std::string& id, int attempt,
                                              const protocol::ImageInfo& image) = 0;
    /// Running → queued, at its old place; its images are forgotten.
    virtual protocol::Expected<bool> requeue(const std::string& id, int attempt, Requeue why) = 0;
    /// Queued → held, all or none; what is not queued stays as it is.
    virtual protocol::Expected<void> hold(const std::vector<Holding>& jobs) = 0;
    /// Held → queued, in the same way.
    virtual protocol::Expected<void> release(const std::vector<std::string>& ids) = 0;
    /// Gives unfinished jobs other places, all or none.
    virtual protocol::Expected<void> place(const std::vector<Placement>& placements) = 0;
    /// Any unfinished state → `ending.state`. `attempt` is the job's present one, 0 before the first.
    virtual protocol::Expected<bool> finish(const std::string& id, int attempt, const Ending& ending) = 0;
    /// The owner's finished jobs that an event after `event` told, in the order of these.
    virtual protocol::Expected<std::vector<Told>> finishedAfter(const std::optional<std::string>& owner,
                                                                std::uint64_t event) = 0;
    /// Forgets the job, whatever its state. False: there was none.
    virtual protocol::Expected<bool> remove(const std::string& id) = 0;
    /// Finished jobs that `retention` does not keep at `uptime`.
    virtual protocol::Expected<std::vector<std::string>> expired(const Retention& retention,
                                                                 std::int64_t uptime) = 0;

    /// What clients sent to be drawn from; goes with the store.
    virtual InputRecords& inputs() = 0;

    /// Whether the queue is paused.
    virtual protocol::Expected<bool> paused() = 0;
    virtual protocol::Expected<void> setPaused(bool paused) = 0;

    virtual protocol::Expected<KeptTime> keptTime() = 0;
    virtual protocol::Expected<void> keepTime(const KeptTime& time) = 0;
};

}  // namespace easel::jobs
