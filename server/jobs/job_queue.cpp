// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/job_queue.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/core.h>

#include "server/jobs/job_id.h"
#include "server/jobs/placements.h"
#include "shared/protocol/generation_pictures.h"
#include "shared/protocol/work.h"

namespace easel::jobs {

using protocol::Expected;
using protocol::Job;
using protocol::JobState;
using protocol::Problem;

namespace {

/// Megapixel-steps of an hour that has not been measured yet: what two cores, or a small GPU, do with a
/// model of Stable Diffusion 1.5's size.
constexpr double kUnmeasuredCpu = 100;
constexpr double kUnmeasuredGpu = 3'600;

/// Each holds the file that it came with in memory.
constexpr std::size_t kMostWaitingInputs = 8;

/// When to come back. The queue may also empty sooner, by cancelling.
int wholeSeconds(std::optional<double> wait) {
    constexpr double kGuess = 5;
    constexpr double kLongest = 600;
    return static_cast<int>(std::ceil(std::clamp(wait.value_or(kGuess), 1.0, kLongest)));
}

Subscription subscriptionOf(std::shared_ptr<Subscribers::Subscriber> subscriber) {
    return Subscription(std::shared_ptr<void>(
        nullptr, [subscriber = std::move(subscriber)](void*) { subscriber->gone = true; }));
}

}  // namespace

Expected<std::unique_ptr<JobQueue>> JobQueue::open(std::unique_ptr<JobStore> store, ImageFolder images,
                                                   InputFolder inputs,
                                                   std::unique_ptr<generator::Generator> generator,
                                                   QueueOptions options) {
    std::unique_ptr<JobQueue> queue(new JobQueue(std::move(store), std::move(images), std::move(inputs),
                                                 std::move(generator), std::move(options)));
    return queue->m_ledger.open().map([&] {
        queue->m_dispatcher.start();
        return std::move(queue);
    });
}

JobQueue::JobQueue(std::unique_ptr<JobStore> store, ImageFolder images, InputFolder inputs,
                   std::unique_ptr<generator::Generator> generator, QueueOptions options)
    : m_options(std::move(options)),
      m_ledger(std::move(store), std::move(images), std::move(inputs), m_options),
      m_dispatcher(m_ledger, std::move(generator), m_options),
      m_intake(
          kMostWaitingInputs, [] {},
          [this](const std::string& what) {
              m_ledger.logProblem("A picture could not be taken in", protocol::internalError(what));
          }) {}

void JobQueue::drain(std::chrono::milliseconds grace) {
    m_dispatcher.drain(grace);
    m_intake.close();
}

Expected<Job> JobQueue::submit(const protocol::GenerationSettings& settings, const std::string& owner,
                               const std::optional<IdempotencyKey>& key, int priority,
                               const std::string& requestId) {
    const auto changing = m_ledger.begin();
    if (key) {
        const auto known = m_ledger.store().findByKey(key->key);
        if (!known) {
            return tl::unexpected(known.error());
        }
        if (*known) {
            return (*known)->key == key ? m_ledger.find((*known)->job.id)
                                        : Expected<Job>(tl::unexpected(protocol::idempotencyKeyReused()));
        }
    }
    JobRecord record;
    record.job.id = newJobId();
    record.job.settings = settings;
    record.job.priority = priority;
    record.job.requestId = requestId;
    record.job.createdAt = m_options.now();
    record.key = key;
    record.owner = owner;
    record.inputs = protocol::inputsOf(settings);
    const auto admitted = m_ledger.look([&](const ActiveJobs& active) {
        record.ownerUsed = active.used(owner);
        return admit(settings, owner, active);
    });
    if (!admitted) {
        return tl::unexpected(admitted.error());
    }
    auto stored = m_ledger.store().add(record);
    if (!stored) {
        return tl::unexpected(stored.error());
    }
    return m_ledger.change([&](ActiveJobs& active) { return active.add(std::move(*stored)).record.job; });
}

Expected<void> JobQueue::admit(const protocol::GenerationSettings& settings, const std::string& owner,
                               const ActiveJobs& active) const {
    if (const auto fits = checkWork(settings, limits(active)); !fits) {
        return fits;
    }
    if (m_dispatcher.isDraining()) {
        return tl::unexpected(protocol::unavailable("The server is shutting down; try again in a moment."));
    }
    if (const auto status = m_dispatcher.generator().status(); status.failed) {
        return tl::unexpected(protocol::unavailable(status.message));
    }
    if (const auto lacking = m_ledger.room().problem()) {
        return tl::unexpected(*lacking);
    }
    const int places = m_options.limits.maxQueued;
    if (active.hasRoom(owner, places)) {
        return {};
    }
    Problem problem = active.placesTaken() >= places
                          ? protocol::queueFull(places)
                          : protocol::queueShareTaken(active.placesTaken(owner), places);
    problem.retryAfter = wholeSeconds(active.secondsUntilRoom(owner, places));
    return tl::unexpected(problem);
}

protocol::Limits JobQueue::limits(const ActiveJobs& active) const {
    protocol::Limits limits = m_options.limits;
    if (!limits.maxWork) {
        const bool isGpu = m_dispatcher.generator().status().device.starts_with("cuda");
        const double unmeasured = isGpu ? kUnmeasuredGpu : kUnmeasuredCpu;
        limits.maxWork = std::max(m_options.leastMaxWork, active.hourOfWork().value_or(unmeasured));
    }
    return limits;
}

protocol::Estimate JobQueue::estimate(const protocol::GenerationSettings& settings,
                                      const std::string& owner) const {
    return m_ledger.look([&](const ActiveJobs& active) {
        protocol::Estimate estimate;
        estimate.settings = settings;
        estimate.work = protocol::workOf(settings);
        if (const auto pace = active.pace()) {
            estimate.seconds = estimate.work * *pace;
        }
        const auto place = active.placeFor(owner, settings);
        estimate.ahead = place.ahead;
        estimate.waitSeconds = place.wait;
        if (const auto admitted = admit(settings, owner, active); !admitted) {
            estimate.problem = admitted.error();
        }
        return estimate;
    });
}

Expected<Job> JobQueue::find(const std::string& id) const {
    return m_ledger.find(id);
}

Expected<std::string> JobQueue::ownerOf(const std::string& id) const {
    return m_ledger.ownerOf(id);
}

Expected<protocol::JobPage> JobQueue::list(int limit, const std::optional<std::string>& before,
                                           const std::optional<std::string>& owner) const {
    if (limit < 1 || limit > protocol::kMaxPage) {
        return tl::unexpected(protocol::invalidField(
            "limit", fmt::format("limit must be between 1 and {}.", protocol::kMaxPage)));
    }
    return m_ledger.list(limit, before, owner);
}

Expected<Job> JobQueue::cancel(const std::string& id) {
    const auto changing = m_ledger.begin();
    const auto live = m_ledger.copyOf(id);
    if (!live) {
        return m_ledger.find(id);
    }
    const Job& job = live->record.job;
    if (job.state == JobState::Running) {
        m_ledger.change([&](ActiveJobs& active) { active.find(id)->cancelRequested = true; });
        m_dispatcher.stop(id);
        return job;
    }
    const Ending ending = m_ledger.endingOf(job, {JobState::Cancelled, {}});
    const auto stored =
        m_ledger.room().withReserve([&] { return m_ledger.store().finish(id, job.attempt, ending); });
    if (!stored) {
        m_ledger.change([](ActiveJobs& active) { active.dropReserved(); });
        return tl::unexpected(stored.error());
    }
    m_ledger.change([&](ActiveJobs& active) { active.finish(*active.find(id), ending); });
    return m_ledger.find(id);
}

Expected<void> JobQueue::remove(const std::string& id) {
    const auto changing = m_ledger.begin();
    if (const auto record = m_ledger.store().find(id); record && !*record) {
        return tl::unexpected(protocol::notFound("job " + id));
    }
    if (const auto forgotten = m_ledger.forget(id); !forgotten) {
        return forgotten;
    }
    m_ledger.change([&](ActiveJobs& active) {
        if (LiveJob* live = active.find(id)) {
            active.removed(*live, m_ledger.timeFor(live->record.job));
        }
    });
    m_dispatcher.stop(id);
    return {};
}

Expected<Job> JobQueue::move(const std::string& id, const protocol::Move& move) {
    const auto changing = m_ledger.begin();
    if (const auto job = m_ledger.find(id); !job) {
        return job;
    }
    const auto placements =
        m_ledger.look([&](const ActiveJobs& active) { return placementsFor(active, id, move); });
    if (!placements) {
        return tl::unexpected(placements.error());
    }
    if (const auto stored = m_ledger.store().place(*placements); !stored) {
        return tl::unexpected(stored.error());
    }
    m_ledger.change([&](ActiveJobs& active) { active.place(*placements); });
    return m_ledger.find(id);
}

Expected<Job> JobQueue::release(const std::string& id) {
    if (const auto released = m_ledger.release({id}); !released) {
        return tl::unexpected(released.error());
    }
    return m_ledger.find(id);
}

Expected<protocol::QueueState> JobQueue::setPaused(bool paused) {
    const auto changing = m_ledger.begin();
    return m_ledger.store().setPaused(paused).map([&] {
        m_ledger.setPaused(paused);
        return state();
    });
}

protocol::QueueState JobQueue::state() const {
    const bool paused = m_ledger.isPaused();
    return m_ledger.look([&](const ActiveJobs& active) {
        return protocol::QueueState{paused, active.waitingCount(), active.heldCount(), active.runningCount()};
    });
}

Expected<JobQueue::StoredImage> JobQueue::image(const std::string& id, int index) const {
    return find(id).and_then([&](const Job& job) -> Expected<StoredImage> {
        for (const protocol::ImageInfo& info : job.images) {
            if (info.index == index) {
                return StoredImage{info, m_ledger.images().path(id, index)};
            }
        }
        return tl::unexpected(protocol::notFound(
            fmt::format("image {} of job {}{}", index, id, isFinished(job.state) ? "" : " yet")));
    });
}

Expected<Subscription> JobQueue::subscribe(const std::string& id, std::optional<std::uint64_t> after,
                                           EventCallback callback) {
    const auto followLive = [&](ActiveJobs& active) -> std::shared_ptr<Subscribers::Subscriber> {
        const LiveJob* live = active.find(id);
        return live ? active.follow(*live, after, callback) : nullptr;
    };
    if (auto subscriber = m_ledger.change(followLive)) {
        return subscriptionOf(std::move(subscriber));
    }
    const auto changing = m_ledger.begin();  // It may just be on its way into memory.
    if (auto subscriber = m_ledger.change(followLive)) {
        return subscriptionOf(std::move(subscriber));
    }
    return find(id).map([&](Job job) {
        return m_ledger.change([&](ActiveJobs& active) {
            return subscriptionOf(active.followFinished(std::move(job), std::move(callback)));
        });
    });
}

Expected<Subscription> JobQueue::subscribeToAll(const std::optional<std::string>& owner,
                                                std::optional<std::uint64_t> after, EventCallback callback) {
    const auto changing = m_ledger.begin();  // Nothing ends between the two looks.
    auto finished = after ? m_ledger.store().finishedAfter(owner, *after) : Expected<std::vector<Told>>();
    if (!finished) {
        return tl::unexpected(finished.error());
    }
    return m_ledger.change([&](ActiveJobs& active) {
        return subscriptionOf(active.followAll(owner, after, std::move(*finished), std::move(callback)));
    });
}

JobQueue::Load JobQueue::load() const {
    const auto [maxWork, backlog] = m_ledger.look(
        [&](const ActiveJobs& active) { return std::pair(*limits(active).maxWork, active.backlog()); });
    return {state(), maxWork, m_ledger.setAside(), m_ledger.room().problem(), backlog};
}

}  // namespace easel::jobs
