// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "server/generator/generator.h"
#include "server/jobs/dispatcher.h"
#include "server/jobs/image_folder.h"
#include "server/jobs/input_store.h"
#include "server/jobs/job_store.h"
#include "server/jobs/ledger.h"
#include "server/jobs/queue_options.h"
#include "server/jobs/subscribers.h"
#include "server/jobs/task_thread.h"
#include "shared/protocol/estimate.h"
#include "shared/protocol/generation.h"
#include "shared/protocol/job.h"
#include "shared/protocol/problem.h"

namespace easel::jobs {

/// What clients ask of the queue: what waits, what runs, and who is told. Every method may be called from any
/// thread; those that change a job write to disk before they answer (milliseconds), the others wait for no
/// write.
class JobQueue {
public:
    /// Takes up what an earlier process left: jobs that were running are lost attempts and wait again, or are
    /// held.
    static protocol::Expected<std::unique_ptr<JobQueue>> open(std::unique_ptr<JobStore> store,
                                                              ImageFolder images, InputFolder inputs,
                                                              std::unique_ptr<generator::Generator> generator,
                                                              QueueOptions options);
    JobQueue(const JobQueue&) = delete;
    JobQueue& operator=(const JobQueue&) = delete;

    /// Accepts a job for good: when this returns it is on disk. With a key that came before, the job of
    /// then is returned. `owner` is the client, in whatever form tells clients apart. Errors: 429 queue_full
    /// or queue_share_taken, which say when to come back; 422 too_much_work, or idempotency_key_reused when
    /// the key came with another request; 409 when a picture that it is drawn from is gone; 503 unavailable
    /// when nothing will ever draw it or the queue is draining; 507 no_space. `requestId` is only kept beside
    /// the job.
    protocol::Expected<protocol::Job> submit(const protocol::GenerationSettings& settings,
                                             const std::string& owner,
                                             const std::optional<IdempotencyKey>& key = {}, int priority = 0,
                                             const std::string& requestId = {});
    /// What would come of `submit`.
    protocol::Estimate estimate(const protocol::GenerationSettings& settings, const std::string& owner) const;
    protocol::Expected<protocol::Job> find(const std::string& id) const;
    /// The client that asked for the job, which never changes.
    protocol::Expected<std::string> ownerOf(const std::string& id) const;
    /// Newest first; `limit` in 1..kMaxPage; `before` is a former page's `next`. With an `owner` his jobs
    /// alone.
    protocol::Expected<protocol::JobPage> list(int limit, const std::optional<std::string>& before = {},
                                               const std::optional<std::string>& owner = {}) const;
    /// A waiting job is cancelled at once, a running one at its next step; a finished one stays as it is.
    protocol::Expected<protocol::Job> cancel(const std::string& id);
    /// Forgets the job and its images, stopping it first.
    protocol::Expected<void> remove(const std::string& id);
    /// Gives a waiting job another place among its owner's. See `placementsFor`.
    protocol::Expected<protocol::Job> move(const std::string& id, const protocol::Move& move);
    /// Lets a held job wait for its turn again; if nothing has changed it may soon be held again. Others stay
    /// as they are.
    protocol::Expected<protocol::Job> release(const std::string& id);
    /// Starts nothing more until `resume`, also in later processes; what runs goes on.
    protocol::Expected<protocol::QueueState> pause() { return setPaused(true); }
    protocol::Expected<protocol::QueueState> resume() { return setPaused(false); }
    protocol::QueueState state() const;

    struct StoredImage {
        protocol::ImageInfo info;
        std::filesystem::path path;  ///< complete as long as the job is kept, and never changes
    };
    protocol::Expected<StoredImage> image(const std::string& id, int index) const;

    /// The pictures that clients sent. Adding is for `takeIn`.
    InputStore& inputs() { return m_ledger.inputs(); }
    /// Runs `task`, which adds inputs, on the thread for that, one after the other, so that only one picture
    /// is unpacked at a time; what it throws ends it alone. False: too many wait already, or the queue was
    /// drained. A task that has not begun by then goes unused.
    bool takeIn(std::function<void()> task) { return m_intake.tryAdd(std::move(task)); }

    /// Tells `callback` the job's events, in order, from the queue's thread; it must not block, and may
    /// call the queue. First comes the job as it is now, unless `after` is the number of its latest event;
    /// when that is finished, it is the last one.
    protocol::Expected<Subscription> subscribe(const std::string& id, std::optional<std::uint64_t> after,
                                               EventCallback callback);
    /// The events of all of the owner's jobs, or without one of everybody's, in the same way. First comes
    /// each job that is not finished, and, with `after`, each that ended later than that; but none whose
    /// latest event `after` is or comes after. What was removed meanwhile is not told.
    protocol::Expected<Subscription> subscribeToAll(const std::optional<std::string>& owner,
                                                    std::optional<std::uint64_t> after,
                                                    EventCallback callback);

    struct Load {
        protocol::QueueState queue;
        double maxWork = 0;                     ///< megapixel-steps that one request may be just now
        int setAside = 0;                       ///< pictures whose jobs the store does not know
        std::optional<protocol::Problem> disk;  ///< why nothing is accepted or drawn now
        std::optional<double> backlogSeconds;   ///< see ActiveJobs::backlog
    };
    Load load() const;
    /// See generator::Generator.
    void loadModel(const std::string& id) { m_dispatcher.generator().load(id); }
    void unloadModel(const std::string& id) { m_dispatcher.generator().unload(id); }

    /// Before the end: accepts and starts nothing more, gives what runs up to `grace` to finish, and puts
    /// the rest back into the queue for the next process. Who follows them is told.
    void drain(std::chrono::milliseconds grace);

private:
    JobQueue(std::unique_ptr<JobStore> store, ImageFolder images, InputFolder inputs,
             std::unique_ptr<generator::Generator> generator, QueueOptions options);

    protocol::Limits limits(const ActiveJobs& active) const;
    protocol::Expected<void> admit(const protocol::GenerationSettings& settings, const std::string& owner,
                                   const ActiveJobs& active) const;
    protocol::Expected<protocol::QueueState> setPaused(bool paused);

    const QueueOptions m_options;
    Ledger m_ledger;
    Dispatcher m_dispatcher;
    TaskThread m_intake;
};

}  // namespace easel::jobs
