// SPDX-License-Identifier: Apache-2.0
// The queue's thread and what the generator tells; queue.cpp has what clients ask.
#include <algorithm>
#include <utility>

#include "server/image/drawn.h"
#include "server/jobs/queue.h"

namespace easel::jobs {

namespace {

using namespace std::chrono_literals;
using protocol::Expected;
using protocol::Job;
using protocol::JobState;
using protocol::Problem;

constexpr auto kStorePause = 2s;  // before the store is asked again after it failed
constexpr auto kRoomPause = 2s;   // before the disk is looked at again when it was full
constexpr auto kTimeLease = 1h;   // A process that is killed loses half of it at most.

Problem lostTooOften(const Problem& last, int losses) {
    return generator::workerLost("It was tried " + std::to_string(losses) + " times. " + last.detail);
}

}  // namespace

Expected<void> Queue::begin() {
    const auto kept = m_store->keptTime();
    if (!kept) {
        return tl::unexpected(kept.error());
    }
    m_clock.restore(*kept, m_options.now());
    keepTime(kTimeLease);
    m_room.keepReserve();
    return recover().map([this] {
        const auto tell = [this] {
            if (m_options.onGeneratorStatus) {
                m_options.onGeneratorStatus(m_generator->status());
            }
        };
        m_generator->onStatusChanged([this, tell] {
            poke();
            tell();
        });
        tell();  // a quick one may have come to something already
        m_thread = std::thread([this] { conduct(); });
    });
}

Expected<void> Queue::recover() {
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
                                                           lostTooOften(lost, record.losses + 1),
                                                           timeFor(job), m_clock.uptime())
                                         : m_store->requeue(job.id, job.attempt, Requeue::Lost);
            if (!stored) {
                // As with a requeue that cannot be stored: it is drawn, or told, once more.
                complain("What became of job " + job.id + " cannot be stored", stored.error());
            } else if (tooOften) {
                continue;
            }
            job.state = JobState::Queued;
            job.startedAt.reset();
            job.images.clear();
            ++record.losses;
        }
        m_roster.add(std::move(record));
    }
    const auto used = m_store->used();
    if (!used) {
        return tl::unexpected(used.error());
    }
    m_roster.restore(*used);
    const int moved = m_images.setAside([this](const std::string& id) {
        const auto record = m_store->find(id);
        return !record || *record;
    });
    m_setAside = m_images.countSetAside();
    if (moved > 0 && m_options.log) {
        m_options.log(std::to_string(moved) +
                      " pictures of jobs that the database does not know were moved to " +
                      m_images.setAsideFolder().string() + ".");
    }
    return {};
}

void Queue::conduct() {
    Clock::time_point sweepAt{};
    auto keepTimeAt = Clock::now() + kTimeLease / 2;
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
            if (Clock::now() >= keepTimeAt) {
                keepTime(kTimeLease);
                keepTimeAt = Clock::now() + kTimeLease / 2;
            }
            lock.lock();
            sweepAt = Clock::now() + m_options.sweepInterval;
        }
        Clock::time_point until = sweepAt;
        for (const auto again : {m_storeAgainAt, m_roomAgainAt}) {
            until = again > Clock::now() ? std::min(again, until) : until;
        }
        m_wake.wait_until(lock, until, [this] { return m_stopping || m_poked; });
    }
    deliver(lock);
}

void Queue::deliver(Lock& lock) {
    while (m_roster.hasPending()) {
        const auto tellings = m_roster.takePending();
        lock.unlock();
        for (const auto& tell : tellings) {
            tell();
        }
        lock.lock();
    }
}

void Queue::dispatch(Lock& lock) {
    while (!m_stopping && !m_draining && m_inFlight < m_generator->capacity() &&
           m_generator->status().ready) {
        const auto id = m_roster.nextWaiting();
        if (!id || !hasRoom()) {
            return;
        }
        LiveJob* live = m_roster.find(*id);
        const int attempt = live->record.job.attempt + 1;
        const std::int64_t now = timeFor(live->record.job);
        const auto started = m_store->start(*id, attempt, now, m_roster.usedOnceStarted(*id));
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

/// Looks at the disk from time to time and tells the log when that changes.
bool Queue::hasRoom() {
    if (Clock::now() < m_roomAgainAt) {
        return false;
    }
    const auto lacking = m_room.problem();
    if (lacking) {
        m_roomAgainAt = Clock::now() + kRoomPause;
    }
    if (lacking.has_value() != m_lacksRoom) {
        m_lacksRoom = lacking.has_value();
        if (m_options.log) {
            m_options.log(lacking ? lacking->detail : "There is room on the disk again.");
        }
    }
    return !lacking;
}

void Queue::sweep() {
    m_room.keepReserve();
    const auto ids = m_store->expired(m_options.retention, m_clock.uptime());
    if (!ids) {
        return complain("Old jobs cannot be looked for", ids.error());
    }
    for (const std::string& id : *ids) {
        if (const auto forgotten = forget(id); !forgotten) {
            return complain("Old jobs cannot be removed", forgotten.error());
        }
    }
}

/// The pictures first: a full disk has no room to note that a job is gone before they are, and pictures
/// without a job would be set aside at the next start.
Expected<void> Queue::forget(const std::string& id) {
    m_images.remove(id);
    return m_room.withReserve([&] { return m_store->remove(id); }).map([](bool) {});
}

void Queue::poke() {
    {
        const std::scoped_lock lock(m_mutex);
        m_poked = true;
    }
    m_wake.notify_one();
    m_idle.notify_all();
}

generator::Listener Queue::listenTo(const std::string& id, int attempt,
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

void Queue::onProgress(const std::string& id, int attempt, const protocol::Progress& progress) {
    {
        const Lock lock(m_mutex);
        if (LiveJob* live = m_roster.running(id, attempt)) {
            m_roster.progress(*live, progress, Clock::now());
        }
    }
    poke();
}

void Queue::onImage(const std::string& id, int attempt, const protocol::GenerationSettings& settings,
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

void Queue::onFinished(const std::string& id, int attempt, const std::optional<Problem>& problem) {
    const Lock lock(m_mutex);
    --m_inFlight;
    LiveJob* live = m_roster.running(id, attempt);
    if (!live) {
        return;
    }
    const Job& job = live->record.job;
    if (live->failure && isNoSpace(*live->failure)) {
        live->failure.reset();
        if (!live->cancelRequested) {
            m_images.remove(id);
            m_roomAgainAt = Clock::now() + kRoomPause;
            return requeue(*live, Requeue::GivenBack);
        }
    }
    const bool wanted = !live->cancelRequested && !live->failure;
    const auto end = generator::endOf(problem);
    if (end == generator::End::NotReady && wanted) {
        return requeue(*live, Requeue::GivenBack);
    }
    if (end == generator::End::WorkerLost && wanted) {
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

Expected<protocol::ImageInfo> Queue::keep(const std::string& id, protocol::GenerationSettings settings,
                                          int index, const image::Image& picture) const {
    const auto bytes = encodeDrawn(picture, settings);
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
void Queue::requeue(LiveJob& live, Requeue why) {
    const Job& job = live.record.job;
    if (const auto stored = m_store->requeue(job.id, job.attempt, why); !stored) {
        complain("Job " + job.id + " cannot be put back", stored.error());
    }
    m_roster.requeue(live, why);
}

/// Stores how a job ended and tells its followers; what cannot be stored is tried again later.
void Queue::settle(LiveJob& live) {
    const Job& job = live.record.job;
    const std::int64_t now = timeFor(job);
    const Outcome outcome = *live.outcome;
    const auto stored =
        m_store->finish(job.id, job.attempt, outcome.state, outcome.error, now, m_clock.uptime());
    if (stored) {
        m_roster.finish(live, outcome, now);
    } else {
        complain("The end of job " + job.id + " cannot be stored", stored.error());
        m_storeAgainAt = Clock::now() + kStorePause;
    }
}

/// The machine's time, but never before what happened to the job earlier.
std::int64_t Queue::timeFor(const Job& job) const {
    return std::max(m_options.now(), job.startedAt.value_or(job.createdAt));
}

void Queue::keepTime(std::chrono::milliseconds lease) {
    if (const auto kept = m_store->keepTime(m_clock.toKeep(lease)); !kept) {
        complain("The time cannot be stored", kept.error());
    }
}

void Queue::complain(const std::string& what, const Problem& problem) const {
    if (m_options.log) {
        m_options.log(what + ": " + problem.detail);
    }
}

}  // namespace easel::jobs
