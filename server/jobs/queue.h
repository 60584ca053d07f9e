// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "server/generator/generator.h"
#include "server/jobs/disk_room.h"
#include "server/jobs/image_folder.h"
#include "server/jobs/job_store.h"
#include "server/jobs/roster.h"
#include "shared/protocol/estimate.h"
#include "shared/protocol/generation.h"
#include "shared/protocol/job.h"
#include "shared/protocol/problem.h"
#include "shared/protocol/server_info.h"
#include "shared/protocol/timestamp.h"

namespace easel::jobs {

struct QueueOptions {
    /// Of these maxQueued (a running job takes no place) and maxWork; without the latter it is about what
    /// the device does in an hour.
    protocol::Limits limits;
    double leastMaxWork = 0;  ///< megapixel-steps that an hour's work always allows
    int maxRetries = 2;       ///< how often a job runs again after what drew it was lost
    Retention retention;
    DiskOptions disk;
    std::chrono::milliseconds sweepInterval{60'000};  ///< between two looks at what retention ended
    std::function<std::int64_t()> now = protocol::millisecondsNow;
    /// Troubles that no client can be told, one sentence each. From any thread; must not block.
    std::function<void(const std::string&)> log;
    /// The generator's status has changed. From any thread; must not block.
    std::function<void(const generator::Status&)> onGeneratorStatus;
};

/// Follows one job's events for as long as it lives. From the moment of its end on no further call
/// begins, but one may still be under way: a callback owns what it uses.
class Subscription {
public:
    Subscription() = default;
    explicit Subscription(std::shared_ptr<void> follower) : m_follower(std::move(follower)) {}

private:
    std::shared_ptr<void> m_follower;
};

/// The conductor: what waits, what runs, and who is told. Owns the store, the image files and the
/// generator. Every method may be called from any thread; those that change a job write to disk before
/// they answer (milliseconds). A thread of its own hands jobs to the generator, in the order of their
/// turns, and calls the followers; pictures are encoded and written on the generator's threads.
class Queue {
public:
    /// Takes up what an earlier process left: jobs that were running are lost attempts and wait again.
    static protocol::Expected<std::unique_ptr<Queue>> open(std::unique_ptr<JobStore> store,
                                                           ImageFolder images,
                                                           std::unique_ptr<generator::Generator> generator,
                                                           QueueOptions options);
    /// Ends at once; what runs waits for the next process. See `drain`.
    ~Queue();
    Queue(const Queue&) = delete;
    Queue& operator=(const Queue&) = delete;

    /// Accepts a job for good: when this returns it is on disk. With a key that came before, the job of
    /// then is returned. `owner` is the client, in whatever form tells clients apart. Errors: 429 queue_full
    /// or queue_share_taken, which say when to come back; 422 too_much_work, or idempotency_key_reused when
    /// the key came with another request; 503 unavailable when nothing will ever draw it or the queue is
    /// draining; 507 no_space.
    protocol::Expected<protocol::Job> submit(const protocol::GenerationSettings& settings,
                                             const std::string& owner,
                                             const std::optional<IdempotencyKey>& key = {});
    /// What would come of `submit`.
    protocol::Estimate estimate(const protocol::GenerationSettings& settings, const std::string& owner) const;
    protocol::Expected<protocol::Job> find(const std::string& id) const;
    /// Newest first; `limit` in 1..200; `before` is a former page's `next`.
    protocol::Expected<protocol::JobPage> list(int limit,
                                               const std::optional<std::string>& before = {}) const;
    /// A queued job is cancelled at once, a running one at its next step; a finished one stays as it is.
    protocol::Expected<protocol::Job> cancel(const std::string& id);
    /// Forgets the job and its images, stopping it first.
    protocol::Expected<void> remove(const std::string& id);

    struct StoredImage {
        protocol::ImageInfo info;
        std::filesystem::path path;  ///< complete as long as the job is kept, and never changes
    };
    protocol::Expected<StoredImage> image(const std::string& id, int index) const;

    /// Tells `callback` the job's events, in order, from the queue's thread; it must not block, and may
    /// call the queue. First comes the job as it is now (State, or Done when it is finished), unless
    /// `after` is the number of its latest event; Done is the last one.
    protocol::Expected<Subscription> subscribe(const std::string& id, std::optional<std::uint64_t> after,
                                               std::function<void(const protocol::JobEvent&)> callback);

    struct Load {
        int queued = 0;
        int running = 0;
        double maxWork = 0;                     ///< megapixel-steps that one request may be just now
        int setAside = 0;                       ///< pictures whose jobs the store does not know
        std::optional<protocol::Problem> disk;  ///< why nothing is accepted or drawn now
    };
    Load load() const;
    generator::Status generatorStatus() const;

    /// Before the end: accepts and starts nothing more, gives what runs up to `grace` to finish, and puts
    /// the rest back into the queue for the next process. Followers are told.
    void drain(std::chrono::milliseconds grace);

private:
    using Clock = std::chrono::steady_clock;
    using Lock = std::unique_lock<std::mutex>;

    Queue(std::unique_ptr<JobStore> store, ImageFolder images,
          std::unique_ptr<generator::Generator> generator, QueueOptions options);

    protocol::Expected<void> begin();
    protocol::Expected<void> recover();
    protocol::Limits limits() const;
    protocol::Expected<void> admit(const protocol::GenerationSettings& settings,
                                   const std::string& owner) const;
    protocol::Expected<protocol::Job> findLocked(const std::string& id) const;

    void conduct();
    void deliver(Lock& lock);
    void dispatch(Lock& lock);
    bool hasRoom();
    void sweep();
    protocol::Expected<void> forget(const std::string& id);
    void keepTime(std::chrono::milliseconds lease);
    void poke();

    generator::Listener listenTo(const std::string& id, int attempt, protocol::GenerationSettings settings);
    void onProgress(const std::string& id, int attempt, const protocol::Progress& progress);
    void onImage(const std::string& id, int attempt, const protocol::GenerationSettings& settings, int index,
                 const image::Image& picture);
    void onFinished(const std::string& id, int attempt, const std::optional<protocol::Problem>& problem);

    protocol::Expected<protocol::ImageInfo> keep(const std::string& id, protocol::GenerationSettings settings,
                                                 int index, const image::Image& picture) const;
    void requeue(LiveJob& live, Requeue why);
    void settle(LiveJob& live);
    std::int64_t timeFor(const protocol::Job& job) const;
    void complain(const std::string& what, const protocol::Problem& problem) const;

    const std::unique_ptr<JobStore> m_store;
    const ImageFolder m_images;
    std::unique_ptr<generator::Generator> m_generator;
    const QueueOptions m_options;
    const DiskRoom m_room;

    mutable std::mutex m_mutex;
    ServerClock m_clock;
    Roster m_roster{[this] { return m_clock.sequence(); }};
    int m_inFlight = 0;  // at the generator
    int m_setAside = 0;  // pictures
    bool m_draining = false;
    bool m_stopping = false;
    bool m_poked = false;
    bool m_lacksRoom = false;            // and the log knows
    Clock::time_point m_roomAgainAt{};   // nothing is started before
    Clock::time_point m_storeAgainAt{};  // nothing is started or settled before
    std::condition_variable m_wake;      // the queue's thread
    std::condition_variable m_idle;      // drain
    std::thread m_thread;
};

}  // namespace easel::jobs
