// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/queue.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "server/image/png.h"
#include "server/jobs/roster.h"
#include "shared/protocol/infotext.h"

namespace easel::jobs {

namespace {

using namespace std::chrono_literals;
using protocol::Expected;
using protocol::Job;
using protocol::JobState;
using protocol::Problem;
using Clock = std::chrono::steady_clock;

constexpr auto kStorePause = 2s;  // before the store is asked again after it failed

std::int64_t nowMs() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

/// 80 random bits: nobody guesses the address of another's picture.
std::string newId() {
    constexpr std::string_view kLetters = "0123456789abcdefghjkmnpqrstvwxyz";
    std::random_device device;
    std::string id = "j_";
    for (int i = 0; i < 16; ++i) {
        id += kLetters[device() % kLetters.size()];
    }
    return id;
}

Problem noSuchJob(const std::string& id) {
    return protocol::notFound("job " + id);
}

Problem keyReused() {
    return {422,
            "idempotency_key_reused",
            "The idempotency key was used before",
            "This Idempotency-Key came with another request; use a new one for each request.",
            {}};
}

Problem lostTooOften(const Problem& last, int losses) {
    return generator::workerLost("It was tried " + std::to_string(losses) + " times. " + last.detail);
}

}  // namespace

class Queue::Impl {
public:
    Impl(std::unique_ptr<JobStore> store, ImageFolder images, std::unique_ptr<generator::Generator> generator,
         QueueOptions options)
        : m_store(std::move(store)),
          m_images(std::move(images)),
          m_generator(std::move(generator)),
          m_options(std::move(options)) {}

    ~Impl() {
        {
            const std::scoped_lock lock(m_mutex);
            m_stopping = true;
        }
        poke();
        if (m_thread.joinable()) {
            m_thread.join();
        }
        m_generator.reset();  // Its last calls still find everything else in place.
    }

    Expected<void> begin();

    Expected<Job> submit(const protocol::GenerationSettings& settings,
                         const std::optional<IdempotencyKey>& key);
    Expected<Job> find(const std::string& id) const;
    Expected<protocol::JobPage> list(int limit, const std::optional<std::string>& before) const;
    Expected<Job> cancel(const std::string& id);
    Expected<void> remove(const std::string& id);
    Expected<StoredImage> image(const std::string& id, int index) const;
    Expected<Subscription> subscribe(const std::string& id, std::optional<std::uint64_t> after,
                                     EventCallback callback);
    Load load() const;
    generator::Status generatorStatus() const { return m_generator->status(); }
    void drain(std::chrono::milliseconds grace);

private:
    using Lock = std::unique_lock<std::mutex>;

    Expected<void> recover();
    Expected<Job> findLocked(const std::string& id) const;

    void conduct();
    void deliver(Lock& lock);
    void dispatch(Lock& lock);
    void sweep();
    void poke();

    generator::Listener listenTo(const std::string& id, int attempt, protocol::GenerationSettings settings);
    void onProgress(const std::string& id, int attempt, const protocol::Progress& progress);
    void onImage(const std::string& id, int attempt, const protocol::GenerationSettings& settings, int index,
                 const image::Image& picture);
    void onFinished(const std::string& id, int attempt, const std::optional<Problem>& problem);

    Expected<protocol::ImageInfo> keep(const std::string& id, protocol::GenerationSettings settings,
                                       int index, const image::Image& picture) const;
    void requeue(LiveJob& live, Requeue why);
    void settle(LiveJob& live);
    void complain(const std::string& what, const Problem& problem) const;

    const std::unique_ptr<JobStore> m_store;
    const ImageFolder m_images;
    std::unique_ptr<generator::Generator> m_generator;
    const QueueOptions m_options;

    mutable std::mutex m_mutex;
    Roster m_roster;
    int m_inFlight = 0;  // at the generator
    bool m_draining = false;
    bool m_stopping = false;
    bool m_poked = false;
    Clock::time_point m_storeAgainAt{};  // nothing is started or settled before
    std::condition_variable m_wake;      // the queue's thread
    std::condition_variable m_idle;      // drain
    std::thread m_thread;
};

// --- what clients ask ----------------------------------------------------------------------------

Expected<Job> Queue::Impl::submit(const protocol::GenerationSettings& settings,
                                  const std::optional<IdempotencyKey>& key) {
    const Lock lock(m_mutex);
    if (key) {
        const auto known = m_store->findByKey(key->key);
        if (!known) {
            return tl::unexpected(known.error());
        }
        if (*known) {
            return (*known)->key == key ? findLocked((*known)->job.id)
                                        : Expected<Job>(tl::unexpected(keyReused()));
        }
    }
    if (m_draining) {
        return tl::unexpected(protocol::unavailable("The server is shutting down; try again in a moment."));
    }
    if (const auto status = m_generator->status(); status.failed) {
        return tl::unexpected(protocol::unavailable(status.message));
    }
    if (m_roster.waitingCount() >= m_options.maxQueued) {
        return tl::unexpected(protocol::queueFull(m_options.maxQueued));
    }
    Job job;
    job.id = newId();
    job.settings = settings;
    job.createdAt = nowMs();
    auto stored = m_store->add(job, key);
    if (!stored) {
        return tl::unexpected(stored.error());
    }
    m_roster.add(std::move(*stored));
    m_poked = true;
    m_wake.notify_one();
    return m_roster.snapshot(*m_roster.find(job.id));
}

Expected<Job> Queue::Impl::find(const std::string& id) const {
    const Lock lock(m_mutex);
    return findLocked(id);
}

Expected<Job> Queue::Impl::findLocked(const std::string& id) const {
    if (const LiveJob* live = m_roster.find(id)) {
        return m_roster.snapshot(*live);
    }
    return m_store->find(id).and_then([&](std::optional<JobRecord> record) -> Expected<Job> {
        if (!record) {
            return tl::unexpected(noSuchJob(id));
        }
        return withFinalProgress(std::move(record->job));
    });
}

Expected<protocol::JobPage> Queue::Impl::list(int limit, const std::optional<std::string>& before) const {
    if (limit < 1 || limit > 200) {
        return tl::unexpected(protocol::invalidField("limit", "limit must be between 1 and 200."));
    }
    const Lock lock(m_mutex);
    return m_store->list(limit, before).map([&](protocol::JobPage page) {
        for (Job& job : page.jobs) {
            const LiveJob* live = m_roster.find(job.id);
            job = live ? m_roster.snapshot(*live) : withFinalProgress(std::move(job));
        }
        return page;
    });
}

Expected<Job> Queue::Impl::cancel(const std::string& id) {
    const Lock lock(m_mutex);
    LiveJob* live = m_roster.find(id);
    if (!live) {
        return findLocked(id);
    }
    if (live->record.job.state == JobState::Running) {
        live->cancelRequested = true;
        m_generator->cancel(id);
        return m_roster.snapshot(*live);
    }
    const std::int64_t now = nowMs();
    const auto stored = m_store->finish(id, live->record.job.attempt, JobState::Cancelled, {}, now);
    if (!stored) {
        return tl::unexpected(stored.error());
    }
    m_roster.finish(*live, {JobState::Cancelled, {}}, now);
    m_poked = true;
    m_wake.notify_one();
    return findLocked(id);
}

Expected<void> Queue::Impl::remove(const std::string& id) {
    const Lock lock(m_mutex);
    const auto removed = m_store->remove(id);
    if (!removed) {
        return tl::unexpected(removed.error());
    }
    if (!*removed) {
        return tl::unexpected(noSuchJob(id));
    }
    m_images.remove(id);
    if (LiveJob* live = m_roster.find(id)) {
        m_roster.finish(*live, {JobState::Cancelled, {}}, nowMs());
        m_generator->cancel(id);
        m_poked = true;
        m_wake.notify_one();
    }
    return {};
}

Expected<Queue::StoredImage> Queue::Impl::image(const std::string& id, int index) const {
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

Expected<Subscription> Queue::Impl::subscribe(const std::string& id, std::optional<std::uint64_t> after,
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

Queue::Load Queue::Impl::load() const {
    const Lock lock(m_mutex);
    return {m_roster.waitingCount(), m_roster.runningCount(), m_roster.drainSeconds()};
}

// --- the queue's thread --------------------------------------------------------------------------

Expected<void> Queue::Impl::begin() {
    return recover().map([this] {
        m_generator->onStatusChanged([this] {
            poke();
            if (m_options.onGeneratorStatus) {
                m_options.onGeneratorStatus(m_generator->status());
            }
        });
        m_thread = std::thread([this] { conduct(); });
    });
}

Expected<void> Queue::Impl::recover() {
    auto records = m_store->unfinished();
    if (!records) {
        return tl::unexpected(records.error());
    }
    for (JobRecord& record : *records) {
        Job& job = record.job;
        if (job.state == JobState::Running) {
            const bool tooOften = record.losses >= m_options.maxRetries;
            const Problem lost = generator::workerLost("The server ended while it was being drawn.");
            const auto stored = tooOften ? m_store->finish(job.id, job.attempt, JobState::Failed,
                                                           lostTooOften(lost, record.losses + 1), nowMs())
                                         : m_store->requeue(job.id, job.attempt, Requeue::Lost);
            if (!stored) {
                return tl::unexpected(stored.error());
            }
            if (tooOften) {
                continue;
            }
            job.state = JobState::Queued;
            job.startedAt.reset();
            job.images.clear();
            ++record.losses;
        }
        m_roster.add(std::move(record));
    }
    m_images.removeStrangers([this](const std::string& id) {
        const auto record = m_store->find(id);
        return !record || *record;
    });
    return {};
}

void Queue::Impl::conduct() {
    Clock::time_point sweepAt{};
    Lock lock(m_mutex);
    while (!m_stopping) {
        m_poked = false;
        if (Clock::now() >= m_storeAgainAt) {
            for (const std::string& id : m_roster.withOutcome()) {
                settle(*m_roster.find(id));
            }
            dispatch(lock);
        }
        deliver(lock);
        if (Clock::now() >= sweepAt) {
            lock.unlock();
            sweep();
            lock.lock();
            sweepAt = Clock::now() + m_options.sweepInterval;
        }
        const bool waitsForStore = m_storeAgainAt > Clock::now();
        m_wake.wait_until(lock, waitsForStore ? std::min(m_storeAgainAt, sweepAt) : sweepAt,
                          [this] { return m_stopping || m_poked; });
    }
    deliver(lock);
}

void Queue::Impl::deliver(Lock& lock) {
    while (m_roster.hasPending()) {
        const auto tellings = m_roster.takePending();
        lock.unlock();
        for (const auto& tell : tellings) {
            tell();
        }
        lock.lock();
    }
}

void Queue::Impl::dispatch(Lock& lock) {
    while (!m_stopping && !m_draining && m_inFlight < m_generator->capacity() &&
           m_generator->status().ready) {
        const auto id = m_roster.nextWaiting();
        if (!id) {
            return;
        }
        LiveJob* live = m_roster.find(*id);
        const int attempt = live->record.job.attempt + 1;
        const std::int64_t now = nowMs();
        const auto started = m_store->start(*id, attempt, now);
        if (!started) {
            complain("Job " + *id + " cannot be started", started.error());
            m_storeAgainAt = Clock::now() + kStorePause;
            return;
        }
        if (!*started) {
            // The store could not be told that the last attempt had ended.
            if (const auto told = m_store->requeue(*id, attempt - 1, Requeue::GivenBack); !told) {
                complain("Job " + *id + " cannot be put back", told.error());
            }
            m_storeAgainAt = Clock::now() + kStorePause;
            return;
        }
        m_roster.start(*live, attempt, now);
        ++m_inFlight;
        const auto settings = live->record.job.settings;
        lock.unlock();
        m_generator->submit(*id, settings, listenTo(*id, attempt, settings));
        lock.lock();
        // A cancel that came in between found nothing at the generator.
        live = m_roster.running(*id, attempt);
        if (!live || live->cancelRequested) {
            m_generator->cancel(*id);
        }
    }
}

void Queue::Impl::sweep() {
    const auto ids = m_store->expired(m_options.retention, nowMs());
    if (!ids) {
        return complain("Old jobs cannot be looked for", ids.error());
    }
    for (const std::string& id : *ids) {
        if (const auto removed = m_store->remove(id); !removed) {
            return complain("Old jobs cannot be removed", removed.error());
        }
        m_images.remove(id);
    }
}

void Queue::Impl::poke() {
    {
        const std::scoped_lock lock(m_mutex);
        m_poked = true;
    }
    m_wake.notify_one();
    m_idle.notify_all();
}

void Queue::Impl::drain(std::chrono::milliseconds grace) {
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
    m_poked = true;
    m_wake.notify_one();
}

// --- what the generator tells ---------------------------------------------------------------------

generator::Listener Queue::Impl::listenTo(const std::string& id, int attempt,
                                          protocol::GenerationSettings settings) {
    return {.progress = [this, id,
                         attempt](const protocol::Progress& progress) { onProgress(id, attempt, progress); },
            .image =
                [this, id, attempt, settings = std::move(settings)](int index, std::int64_t seed,
                                                                    const image::Image& picture) {
                    auto own = settings;
                    own.seed = seed;
                    onImage(id, attempt, own, index, picture);
                },
            .finished =
                [this, id, attempt](const std::optional<Problem>& problem) {
                    onFinished(id, attempt, problem);
                    poke();
                }};
}

void Queue::Impl::onProgress(const std::string& id, int attempt, const protocol::Progress& progress) {
    {
        const Lock lock(m_mutex);
        if (LiveJob* live = m_roster.running(id, attempt)) {
            m_roster.progress(*live, progress, Clock::now());
        }
    }
    poke();
}

void Queue::Impl::onImage(const std::string& id, int attempt, const protocol::GenerationSettings& settings,
                          int index, const image::Image& picture) {
    const auto kept = keep(id, settings, index, picture);
    const Lock lock(m_mutex);
    LiveJob* live = m_roster.running(id, attempt);
    if (!live) {
        if (const auto record = m_store->find(id); record && !*record) {
            m_images.remove(id);  // The job was removed while its picture was being written.
        }
        return;
    }
    const auto stored =
        kept.and_then([&](const protocol::ImageInfo& info) { return m_store->addImage(id, attempt, info); });
    if (stored) {
        m_roster.addImage(*live, *kept);
    } else {
        live->failure = stored.error();
        m_generator->cancel(id);
    }
    m_poked = true;
    m_wake.notify_one();
}

void Queue::Impl::onFinished(const std::string& id, int attempt, const std::optional<Problem>& problem) {
    const Lock lock(m_mutex);
    --m_inFlight;
    LiveJob* live = m_roster.running(id, attempt);
    if (!live) {
        return;
    }
    const Job& job = live->record.job;
    const bool wanted = !live->cancelRequested && !live->failure;
    if (problem && problem->code == "unavailable" && wanted) {
        return requeue(*live, Requeue::GivenBack);
    }
    if (problem && problem->code == generator::kWorkerLost && wanted) {
        if (live->record.losses < m_options.maxRetries) {
            return requeue(*live, m_stopping ? Requeue::GivenBack : Requeue::Lost);
        }
        live->outcome = {JobState::Failed, lostTooOften(*problem, live->record.losses + 1)};
    } else if (live->failure) {
        live->outcome = {JobState::Failed, live->failure};
    } else if (problem && !wanted) {
        live->outcome = {JobState::Cancelled, {}};
    } else if (problem) {
        live->outcome = {JobState::Failed, problem};
    } else if (static_cast<int>(job.images.size()) < job.settings.count) {
        live->outcome = {JobState::Failed, protocol::internalError("Not every picture was delivered.")};
    } else {
        live->outcome = {JobState::Succeeded, {}};
    }
    settle(*live);
}

Expected<protocol::ImageInfo> Queue::Impl::keep(const std::string& id, protocol::GenerationSettings settings,
                                                int index, const image::Image& picture) const {
    const image::PngText infotext{std::string(protocol::kInfotextKeyword),
                                  toInfotext(settings, EASEL_VERSION)};
    const auto bytes = encodePng(picture, {&infotext, 1});
    if (!bytes) {
        return tl::unexpected(bytes.error());
    }
    return m_images.write(id, index, *bytes).map([&] {
        protocol::ImageInfo info;
        info.index = index;
        info.seed = settings.seed;
        info.width = picture.width;
        info.height = picture.height;
        info.bytes = static_cast<std::int64_t>(bytes->size());
        return info;
    });
}

/// Puts a running job back. When the store cannot be told, it counts as running there until it is to be
/// started again, or until the next process finds it.
void Queue::Impl::requeue(LiveJob& live, Requeue why) {
    const Job& job = live.record.job;
    if (const auto stored = m_store->requeue(job.id, job.attempt, why); !stored) {
        complain("Job " + job.id + " cannot be put back", stored.error());
    }
    m_roster.requeue(live, why);
}

/// Stores how a job ended and tells its followers; what cannot be stored is tried again later.
void Queue::Impl::settle(LiveJob& live) {
    const Job& job = live.record.job;
    const std::int64_t now = nowMs();
    const Outcome outcome = *live.outcome;
    const auto stored = m_store->finish(job.id, job.attempt, outcome.state, outcome.error, now);
    if (stored) {
        m_roster.finish(live, outcome, now);
    } else {
        complain("The end of job " + job.id + " cannot be stored", stored.error());
        m_storeAgainAt = Clock::now() + kStorePause;
    }
}

void Queue::Impl::complain(const std::string& what, const Problem& problem) const {
    if (m_options.log) {
        m_options.log(what + ": " + problem.detail);
    }
}

// --- the public face -----------------------------------------------------------------------------

Expected<std::unique_ptr<Queue>> Queue::open(std::unique_ptr<JobStore> store, ImageFolder images,
                                             std::unique_ptr<generator::Generator> generator,
                                             QueueOptions options) {
    auto impl =
        std::make_unique<Impl>(std::move(store), std::move(images), std::move(generator), std::move(options));
    return impl->begin().map([&] { return std::unique_ptr<Queue>(new Queue(std::move(impl))); });
}

Queue::Queue(std::unique_ptr<Impl> impl) : m_impl(std::move(impl)) {}
Queue::~Queue() = default;

Expected<Job> Queue::submit(const protocol::GenerationSettings& settings,
                            const std::optional<IdempotencyKey>& key) {
    return m_impl->submit(settings, key);
}

Expected<Job> Queue::find(const std::string& id) const {
    return m_impl->find(id);
}

Expected<protocol::JobPage> Queue::list(int limit, const std::optional<std::string>& before) const {
    return m_impl->list(limit, before);
}

Expected<Job> Queue::cancel(const std::string& id) {
    return m_impl->cancel(id);
}

Expected<void> Queue::remove(const std::string& id) {
    return m_impl->remove(id);
}

Expected<Queue::StoredImage> Queue::image(const std::string& id, int index) const {
    return m_impl->image(id, index);
}

Expected<Subscription> Queue::subscribe(const std::string& id, std::optional<std::uint64_t> after,
                                        std::function<void(const protocol::JobEvent&)> callback) {
    return m_impl->subscribe(id, after, std::move(callback));
}

Queue::Load Queue::load() const {
    return m_impl->load();
}

generator::Status Queue::generatorStatus() const {
    return m_impl->generatorStatus();
}

void Queue::drain(std::chrono::milliseconds grace) {
    m_impl->drain(grace);
}

}  // namespace easel::jobs
