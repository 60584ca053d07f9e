// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/ledger.h"

#include <algorithm>
#include <exception>

#include <fmt/core.h>

#include "server/jobs/recovery.h"

namespace easel::jobs {

using protocol::Expected;
using protocol::Job;
using protocol::JobState;
using protocol::Problem;

Ledger::Ledger(std::unique_ptr<JobStore> store, ImageFolder images, InputFolder inputs,
               const QueueOptions& options)
    : m_store(std::move(store)),
      m_images(std::move(images)),
      m_options(options),
      m_room(options.disk),
      m_inputs(m_store->inputs(), std::move(inputs), m_room, options.limits, options.inputs,
               [this] { return m_clock.uptime(); }) {}

Expected<void> Ledger::open() {
    const auto kept = m_store->keptTime();
    if (!kept) {
        return tl::unexpected(kept.error());
    }
    m_clock.restore(*kept, m_options.now());
    m_room.keepReserve();
    const auto paused = m_store->paused();
    if (!paused) {
        return tl::unexpected(paused.error());
    }
    m_paused = *paused;
    return takeUpJobs().map([this] {
        setAsideStrangers();
        m_inputs.takeUp();
    });
}

Expected<void> Ledger::takeUpJobs() {
    auto records = takeUp(
        *m_store, m_options,
        [this](const Job& job, const Problem& error) {
            return endingOf(job, {JobState::Failed, error});
        },
        [this](const std::string& what, const Problem& problem) { logProblem(what, problem); });
    if (!records) {
        return tl::unexpected(records.error());
    }
    const auto used = m_store->used();
    if (!used) {
        return tl::unexpected(used.error());
    }
    change([&](ActiveJobs& active) {
        active.dropReserved();
        for (JobRecord& record : *records) {
            active.add(std::move(record));
        }
        active.restore(*used);
    });
    return {};
}

void Ledger::setAsideStrangers() {
    const int moved = m_images.setAside([this](const std::string& id) {
        const auto record = m_store->find(id);
        return !record || *record;
    });
    m_setAside = m_images.countSetAside();
    if (moved > 0 && m_options.log) {
        m_options.log(fmt::format("{} pictures of jobs that the database does not know were moved to {}.",
                                  moved, m_images.setAsideFolder().string()));
    }
}

Expected<Job> Ledger::find(const std::string& id) const {
    if (auto live = copyOf(id)) {
        return std::move(live->record.job);
    }
    return m_store->find(id).and_then([&](std::optional<JobRecord> record) -> Expected<Job> {
        if (!record) {
            return tl::unexpected(protocol::notFound("job " + id));
        }
        return withFinalProgress(std::move(record->job));
    });
}

Expected<std::string> Ledger::ownerOf(const std::string& id) const {
    if (auto live = copyOf(id)) {
        return std::move(live->record.owner);
    }
    return m_store->find(id).and_then([&](std::optional<JobRecord> record) -> Expected<std::string> {
        if (!record) {
            return tl::unexpected(protocol::notFound("job " + id));
        }
        return std::move(record->owner);
    });
}

Expected<protocol::JobPage> Ledger::list(int limit, const std::optional<std::string>& before,
                                         const std::optional<std::string>& owner) const {
    auto page = m_store->list(limit, before, owner);
    if (!page) {
        return page;
    }
    for (Job& job : page->jobs) {
        // One that was not finished when the store was asked may have come to its end since.
        if (isFinished(job.state)) {
            job = withFinalProgress(std::move(job));
        } else if (auto present = find(job.id)) {
            job = std::move(*present);
        }
    }
    return page;
}

bool Ledger::isPaused() const {
    const std::scoped_lock lock(m_mutex);
    return m_paused;
}

void Ledger::setPaused(bool paused) {
    change([&](ActiveJobs&) { m_paused = paused; });
}

Expected<std::optional<Ledger::Started>> Ledger::start(const std::string& id, const Lease& lease) {
    const std::scoped_lock changing(m_changing);
    const auto live = copyOf(id);
    if (!live || live->record.job.state != JobState::Queued) {
        return std::optional<Started>();
    }
    const Job& job = live->record.job;
    Started started{job.attempt + 1, job.settings};
    const std::int64_t now = timeFor(job);
    const auto used = look([&](const ActiveJobs& active) { return active.usedOnceStarted(id); });
    const auto claimed = m_store->claim(id, started.attempt, lease, now, used);
    if (!claimed) {
        return tl::unexpected(claimed.error());
    }
    if (!*claimed) {
        // The store could not be told that the last attempt had ended.
        if (const auto told = m_store->requeue(id, job.attempt, Requeue::GivenBack); !told) {
            logProblem(fmt::format("Job {} cannot be put back", id), told.error());
        }
        return std::optional<Started>();
    }
    change([&](ActiveJobs& active) { active.start(*active.find(id), started.attempt, now); });
    return started;
}

bool Ledger::renew(const std::string& id, int attempt, const Lease& lease) {
    return m_store->renew(id, attempt, lease).value_or(true);  // A store that fails is asked again.
}

void Ledger::progress(const std::string& id, int attempt, const protocol::Progress& progress) {
    change([&](ActiveJobs& active) {
        if (LiveJob* live = active.running(id, attempt)) {
            active.progress(*live, progress, ActiveJobs::Clock::now());
        }
    });
}

void Ledger::preview(const std::string& id, int attempt, protocol::Preview preview) {
    change([&](ActiveJobs& active) {
        if (LiveJob* live = active.running(id, attempt)) {
            active.preview(*live, std::move(preview));
        }
    });
}

bool Ledger::addImage(const std::string& id, int attempt, const Expected<protocol::ImageInfo>& image) {
    const std::scoped_lock changing(m_changing);
    const auto isRunning = [&](const ActiveJobs& active) { return active.running(id, attempt) != nullptr; };
    if (!look(isRunning)) {
        if (const auto record = m_store->find(id); record && !*record) {
            m_images.remove(id);  // The job was removed while its picture was being written.
        }
        return true;
    }
    const auto stored =
        image.and_then([&](const protocol::ImageInfo& info) { return m_store->addImage(id, attempt, info); });
    return change([&](ActiveJobs& active) {
        LiveJob& live = *active.find(id);
        if (stored) {
            active.addImage(live, *image);
        } else {
            live.failure = stored.error();
        }
        return stored.has_value();
    });
}

bool Ledger::conclude(const std::string& id, int attempt, const std::function<Fate(const LiveJob&)>& fateOf) {
    const std::scoped_lock changing(m_changing);
    const auto live = copyOf(id);
    if (!live || !look([&](const ActiveJobs& active) { return active.running(id, attempt) != nullptr; })) {
        return true;
    }
    const Fate fate = fateOf(*live);
    if (const auto* outcome = std::get_if<Outcome>(&fate)) {
        return end(*live, *outcome);
    }
    requeue(*live, std::get<Requeue>(fate));
    return true;
}

bool Ledger::settle() {
    if (look([](const ActiveJobs& active) { return active.withOutcome().empty(); })) {
        return true;
    }
    const std::scoped_lock changing(m_changing);
    for (const std::string& id : look([](const ActiveJobs& active) { return active.withOutcome(); })) {
        const auto live = copyOf(id);
        if (live && !end(*live, *live->outcome)) {
            return false;
        }
    }
    return true;
}

void Ledger::giveBack(const std::string& id) {
    const std::scoped_lock changing(m_changing);
    const auto live = copyOf(id);
    if (live && live->record.job.state == JobState::Running && !live->outcome && !live->cancelRequested) {
        requeue(*live, Requeue::GivenBack);
    }
}

/// Puts a running job back. When the store cannot be told, it counts as running there until it is to be
/// started again, or until the next process finds it.
void Ledger::requeue(const LiveJob& live, Requeue why) {
    const Job& job = live.record.job;
    if (const auto stored = m_store->requeue(job.id, job.attempt, why); !stored) {
        logProblem(fmt::format("Job {} cannot be put back", job.id), stored.error());
    }
    if (live.failure) {
        m_images.remove(job.id);  // What could be kept before the disk was full takes room.
    }
    change([&](ActiveJobs& active) { active.requeue(*active.find(job.id), why); });
}

/// Stores how a job ended and tells it; what cannot be stored is tried again later.
bool Ledger::end(const LiveJob& live, const Outcome& outcome) {
    const Job& job = live.record.job;
    const Ending ending = endingOf(job, outcome);
    const auto stored = m_store->finish(job.id, job.attempt, ending);
    if (!stored) {
        logProblem(fmt::format("The end of job {} cannot be stored", job.id), stored.error());
    }
    return change([&](ActiveJobs& active) {
        LiveJob& present = *active.find(job.id);
        if (stored) {
            active.finish(present, ending);
        } else {
            active.dropReserved();
            present.outcome = outcome;
        }
        return stored.has_value();
    });
}

Ending Ledger::endingOf(const Job& job, const Outcome& outcome) {
    const std::scoped_lock lock(m_mutex);
    return {outcome.state, outcome.error, timeFor(job), m_clock.uptime(), m_active.reserveEvent()};
}

/// What cannot be stored holds as long as this process: the next one looks again.
void Ledger::hold(const std::vector<Holding>& jobs) {
    const std::scoped_lock changing(m_changing);
    if (const auto stored = m_room.withReserve([&] { return m_store->hold(jobs); }); !stored) {
        logProblem("Jobs that cannot be drawn now are not marked so", stored.error());
    }
    change([&](ActiveJobs& active) {
        for (const Holding& each : jobs) {
            LiveJob* live = active.find(each.id);
            if (live && live->record.job.state == JobState::Queued) {
                active.hold(*live, each.hold);
            }
        }
    });
}

Expected<void> Ledger::release(const std::vector<std::string>& ids) {
    const std::scoped_lock changing(m_changing);
    if (const auto stored = m_store->release(ids); !stored) {
        return stored;
    }
    change([&](ActiveJobs& active) {
        for (const std::string& id : ids) {
            LiveJob* live = active.find(id);
            if (live && live->record.job.state == JobState::Held) {
                active.release(*live);
            }
        }
    });
    return {};
}

void Ledger::tellPending() {
    while (true) {
        std::vector<Subscribers::Delivery> pending;
        {
            const std::scoped_lock lock(m_mutex);
            pending = m_active.takePending();
        }
        if (pending.empty()) {
            return;
        }
        for (const auto& tell : pending) {
            try {
                tell();
            } catch (const std::exception& error) {
                logProblem("Somebody who follows jobs could not be told of one",
                           protocol::internalError(error.what()));
            }
        }
    }
}

std::optional<LiveJob> Ledger::copyOf(const std::string& id) const {
    return look([&](const ActiveJobs& active) {
        const LiveJob* live = active.find(id);
        return live ? std::optional(*live) : std::nullopt;
    });
}

void Ledger::sweep() {
    m_room.keepReserve();
    const auto ids = m_store->expired(m_options.retention, m_clock.uptime());
    if (!ids) {
        return logProblem("Old jobs cannot be looked for", ids.error());
    }
    for (const std::string& id : *ids) {
        if (const auto forgotten = forget(id); !forgotten) {
            return logProblem("Old jobs cannot be removed", forgotten.error());
        }
    }
    if (const auto swept = m_inputs.sweep(); !swept) {
        logProblem("Pictures that nobody uses cannot be removed", swept.error());
    }
}

/// The pictures first: a full disk has no room to note that a job is gone before they are, and pictures
/// without a job would be set aside at the next start.
Expected<void> Ledger::forget(const std::string& id) {
    m_images.remove(id);
    return m_room.withReserve([&] { return m_store->remove(id); }).map([](bool) {});
}

std::int64_t Ledger::timeFor(const Job& job) const {
    return std::max(m_options.now(), job.startedAt.value_or(job.createdAt));
}

void Ledger::keepTime(std::chrono::milliseconds lease) {
    if (const auto kept = m_store->keepTime(m_clock.toKeep(lease)); !kept) {
        logProblem("The time cannot be stored", kept.error());
    }
}

void Ledger::logProblem(const std::string& what, const Problem& problem) const {
    if (m_options.log) {
        m_options.log(what + ": " + problem.detail);
    }
}

}  // namespace easel::jobs
