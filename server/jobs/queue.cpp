// SPDX-License-Identifier: Apache-2.0
// What clients ask. conductor.cpp has the queue's thread and what the generator tells.
#include "server/jobs/queue.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "server/jobs/job_id.h"
#include "shared/protocol/work.h"

namespace easel::jobs {

namespace {

using protocol::Expected;
using protocol::Job;
using protocol::JobState;
using protocol::Problem;

/// Megapixel-steps of an hour that has not been measured yet: what two cores, or a small GPU, do with a
/// model of Stable Diffusion 1.5's size.
constexpr double kUnmeasuredCpu = 100;
constexpr double kUnmeasuredGpu = 3'600;

/// When to come back. The queue may also empty sooner, by cancelling.
int wholeSeconds(std::optional<double> wait) {
    constexpr double kGuess = 5;
    constexpr double kLongest = 600;
    return static_cast<int>(std::ceil(std::clamp(wait.value_or(kGuess), 1.0, kLongest)));
}

Problem noSuchJob(const std::string& id) {
    return protocol::notFound("job " + id);
}

}  // namespace

Expected<std::unique_ptr<Queue>> Queue::open(std::unique_ptr<JobStore> store, ImageFolder images,
                                             std::unique_ptr<generator::Generator> generator,
                                             QueueOptions options) {
    std::unique_ptr<Queue> queue(
        new Queue(std::move(store), std::move(images), std::move(generator), std::move(options)));
    return queue->begin().map([&] { return std::move(queue); });
}

Queue::Queue(std::unique_ptr<JobStore> store, ImageFolder images,
             std::unique_ptr<generator::Generator> generator, QueueOptions options)
    : m_store(std::move(store)),
      m_images(std::move(images)),
      m_generator(std::move(generator)),
      m_options(std::move(options)),
      m_room(m_options.disk) {}

Queue::~Queue() {
    {
        const Lock lock(m_mutex);
        m_stopping = true;
    }
    poke();
    if (m_thread.joinable()) {
        m_thread.join();
    }
    m_generator.reset();  // Its last calls still find everything else in place.
}

Expected<Job> Queue::submit(const protocol::GenerationSettings& settings, const std::string& owner,
                            const std::optional<IdempotencyKey>& key) {
    const Lock lock(m_mutex);
    if (key) {
        const auto known = m_store->findByKey(key->key);
        if (!known) {
            return tl::unexpected(known.error());
        }
        if (*known) {
            return (*known)->key == key ? findLocked((*known)->job.id)
                                        : Expected<Job>(tl::unexpected(protocol::idempotencyKeyReused()));
        }
    }
    if (const auto admitted = admit(settings, owner); !admitted) {
        return tl::unexpected(admitted.error());
    }
    JobRecord record;
    record.job.id = newJobId();
    record.job.settings = settings;
    record.job.createdAt = m_options.now();
    record.key = key;
    record.owner = owner;
    record.ownerUsed = m_roster.used(owner);
    const auto stored = m_store->add(record);
    if (!stored) {
        return tl::unexpected(stored.error());
    }
    m_roster.add(*stored);
    m_poked = true;
    m_wake.notify_one();
    return m_roster.find(record.job.id)->record.job;
}

Expected<void> Queue::admit(const protocol::GenerationSettings& settings, const std::string& owner) const {
    if (const auto fits = checkWork(settings, limits()); !fits) {
        return fits;
    }
    if (m_draining) {
        return tl::unexpected(protocol::unavailable("The server is shutting down; try again in a moment."));
    }
    if (const auto status = m_generator->status(); status.failed) {
        return tl::unexpected(protocol::unavailable(status.message));
    }
    if (const auto lacking = m_room.problem()) {
        return tl::unexpected(*lacking);
    }
    const int places = m_options.limits.maxQueued;
    if (m_roster.hasRoom(owner, places)) {
        return {};
    }
    Problem problem = m_roster.waitingCount() >= places
                          ? protocol::queueFull(places)
                          : protocol::queueShareTaken(m_roster.waitingCount(owner), places);
    problem.retryAfter = wholeSeconds(m_roster.secondsUntilRoom(owner, places));
    return tl::unexpected(problem);
}

protocol::Limits Queue::limits() const {
    protocol::Limits limits = m_options.limits;
    if (!limits.maxWork) {
        const bool isGpu = m_generator->status().device.starts_with("cuda");
        const double unmeasured = isGpu ? kUnmeasuredGpu : kUnmeasuredCpu;
        limits.maxWork = std::max(m_options.leastMaxWork, m_roster.hourOfWork().value_or(unmeasured));
    }
    return limits;
}

protocol::Estimate Queue::estimate(const protocol::GenerationSettings& settings,
                                   const std::string& owner) const {
    const Lock lock(m_mutex);
    protocol::Estimate estimate;
    estimate.settings = settings;
    estimate.work = protocol::workOf(settings);
    if (const auto pace = m_roster.pace()) {
        estimate.seconds = estimate.work * *pace;
    }
    const auto place = m_roster.placeFor(owner, settings);
    estimate.ahead = place.ahead;
    estimate.waitSeconds = place.wait;
    if (const auto admitted = admit(settings, owner); !admitted) {
        estimate.problem = admitted.error();
    }
    return estimate;
}

Expected<Job> Queue::find(const std::string& id) const {
    const Lock lock(m_mutex);
    return findLocked(id);
}

Expected<Job> Queue::findLocked(const std::string& id) const {
    if (const LiveJob* live = m_roster.find(id)) {
        return live->record.job;
    }
    return m_store->find(id).and_then([&](std::optional<JobRecord> record) -> Expected<Job> {
        if (!record) {
            return tl::unexpected(noSuchJob(id));
        }
        return withFinalProgress(std::move(record->job));
    });
}

Expected<protocol::JobPage> Queue::list(int limit, const std::optional<std::string>& before) const {
    if (limit < 1 || limit > 200) {
        return tl::unexpected(protocol::invalidField("limit", "limit must be between 1 and 200."));
    }
    const Lock lock(m_mutex);
    return m_store->list(limit, before).map([&](protocol::JobPage page) {
        for (Job& job : page.jobs) {
            const LiveJob* live = m_roster.find(job.id);
            if (live != nullptr) {
                job = live->record.job;
            } else {
                job = withFinalProgress(std::move(job));
            }
        }
        return page;
    });
}

Expected<Job> Queue::cancel(const std::string& id) {
    const Lock lock(m_mutex);
    LiveJob* live = m_roster.find(id);
    if (!live) {
        return findLocked(id);
    }
    if (live->record.job.state == JobState::Running) {
        live->cancelRequested = true;
        m_generator->cancel(id);
        return live->record.job;
    }
    const std::int64_t now = timeFor(live->record.job);
    const auto stored = m_room.withReserve([&] {
        return m_store->finish(id, live->record.job.attempt, JobState::Cancelled, {}, now, m_clock.uptime());
    });
    if (!stored) {
        return tl::unexpected(stored.error());
    }
    m_roster.finish(*live, {JobState::Cancelled, {}}, now);
    m_poked = true;
    m_wake.notify_one();
    return findLocked(id);
}

Expected<void> Queue::remove(const std::string& id) {
    const Lock lock(m_mutex);
    if (const auto record = m_store->find(id); record && !*record) {
        return tl::unexpected(noSuchJob(id));
    }
    if (const auto forgotten = forget(id); !forgotten) {
        return forgotten;
    }
    if (LiveJob* live = m_roster.find(id)) {
        m_roster.finish(*live, {JobState::Cancelled, {}}, timeFor(live->record.job));
        m_generator->cancel(id);
        m_poked = true;
        m_wake.notify_one();
    }
    return {};
}

Expected<Queue::StoredImage> Queue::image(const std::string& id, int index) const {
    return find(id).and_then([&](const Job& job) -> Expected<StoredImage> {
        for (const protocol::ImageInfo& info : job.images) {
            if (info.index == index) {
                return StoredImage{info, m_images.path(id, index)};
            }
        }
        return tl::unexpected(protocol::notFound("image " + std::to_string(index) + " of job " + id +
                                                 (isFinished(job.state) ? "" : " yet")));
    });
}

Expected<Subscription> Queue::subscribe(const std::string& id, std::optional<std::uint64_t> after,
                                        EventCallback callback) {
    const Lock lock(m_mutex);
    std::shared_ptr<Followers::Follower> follower;
    if (const LiveJob* live = m_roster.find(id)) {
        follower = m_roster.follow(*live, after, std::move(callback));
    } else {
        auto job = findLocked(id);
        if (!job) {
            return tl::unexpected(job.error());
        }
        follower = m_roster.followFinished(std::move(*job), std::move(callback));
    }
    m_poked = true;
    m_wake.notify_one();
    return Subscription(std::shared_ptr<void>(nullptr, [follower](void*) { follower->gone = true; }));
}

Queue::Load Queue::load() const {
    const Lock lock(m_mutex);
    return {m_roster.waitingCount(), m_roster.runningCount(), *limits().maxWork, m_setAside,
            m_room.problem()};
}

generator::Status Queue::generatorStatus() const {
    return m_generator->status();
}

void Queue::drain(std::chrono::milliseconds grace) {
    Lock lock(m_mutex);
    m_draining = true;
    m_idle.wait_for(lock, grace, [this] { return m_inFlight == 0; });
    for (const std::string& id : m_roster.runningIds()) {
        LiveJob& live = *m_roster.find(id);
        if (!live.cancelRequested) {
            requeue(live, Requeue::GivenBack);
        }
        m_generator->cancel(id);
    }
    keepTime({});
    m_poked = true;
    m_wake.notify_one();
}

}  // namespace easel::jobs
