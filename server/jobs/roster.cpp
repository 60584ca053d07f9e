// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/roster.h"

#include <algorithm>
#include <utility>

#include "shared/protocol/work.h"

namespace easel::jobs {

using protocol::JobEventType;
using protocol::JobState;

namespace {

double seconds(std::chrono::steady_clock::duration duration) {
    return std::chrono::duration<double>(duration).count();
}

int stepsOf(const protocol::GenerationSettings& settings) {
    return settings.steps * settings.count;
}

/// Pixel-steps.
std::int64_t workLeft(const protocol::Job& job, int stepsDone) {
    const int steps = stepsOf(job.settings);
    return protocol::pixelStepsOf(job.settings) / steps * std::clamp(steps - stepsDone, 0, steps);
}
std::int64_t workLeft(const protocol::Job& job) {
    return workLeft(job, job.progress.step);
}

double megapixels(std::int64_t pixels) {
    return static_cast<double>(pixels) / 1e6;
}

bool mayHaveOneMore(int own, int waiting, int capacity) {
    constexpr int kShare = 3;
    return own < kShare * (capacity - waiting);
}

}  // namespace

protocol::Job withFinalProgress(protocol::Job job) {
    job.progress = {};
    job.progress.steps = stepsOf(job.settings);
    if (job.state == JobState::Succeeded) {
        job.progress.stage = protocol::Stage::Decoding;
        job.progress.step = job.progress.steps;
    }
    return job;
}

void Roster::add(JobRecord record) {
    LiveJob live;
    live.sequence = m_sequence();
    live.record = std::move(record);
    const std::string id = live.record.job.id;
    if (live.record.job.attempt > 0) {
        m_turns.addReturned(id);
    } else {
        m_turns.add(live.record.owner, id, protocol::pixelStepsOf(live.record.job.settings));
    }
    m_live.insert_or_assign(id, std::move(live));
    reorder();
}

void Roster::restore(const std::map<std::string, std::int64_t>& used) {
    m_turns.restore(used);
    reorder();
}

LiveJob* Roster::find(const std::string& id) {
    const auto found = m_live.find(id);
    return found == m_live.end() ? nullptr : &found->second;
}

const LiveJob* Roster::find(const std::string& id) const {
    const auto found = m_live.find(id);
    return found == m_live.end() ? nullptr : &found->second;
}

LiveJob* Roster::running(const std::string& id, int attempt) {
    LiveJob* live = find(id);
    const bool is = live && live->record.job.state == JobState::Running &&
                    live->record.job.attempt == attempt && !live->outcome;
    return is ? live : nullptr;
}

std::optional<std::string> Roster::nextWaiting() const {
    return m_waiting.empty() ? std::optional<std::string>() : m_waiting.front();
}

std::vector<std::string> Roster::runningIds() const {
    std::vector<std::string> ids;
    for (const auto& [id, live] : m_live) {
        if (live.record.job.state == JobState::Running && !live.outcome) {
            ids.push_back(id);
        }
    }
    return ids;
}

std::vector<std::string> Roster::withOutcome() const {
    std::vector<std::string> ids;
    for (const auto& [id, live] : m_live) {
        if (live.outcome) {
            ids.push_back(id);
        }
    }
    return ids;
}

int Roster::waitingCount(const std::string& owner) const {
    return static_cast<int>(std::ranges::count_if(
        m_waiting, [&](const std::string& id) { return m_live.at(id).record.owner == owner; }));
}

Roster::Place Roster::placeFor(const std::string& owner, const protocol::GenerationSettings& settings) const {
    Turns turns = m_turns;
    turns.add(owner, {}, protocol::pixelStepsOf(settings));
    Place place{runningCount(), {}};
    double work = runningWork();
    for (const std::string& id : turns.order()) {
        if (id.empty()) {
            break;
        }
        ++place.ahead;
        work += protocol::workOf(m_live.at(id).record.job.settings);
    }
    const auto pace = m_pace.seconds();
    place.wait = pace ? std::optional(work * *pace) : place.ahead == 0 ? std::optional(0.0) : std::nullopt;
    return place;
}

bool Roster::hasRoom(const std::string& owner, int capacity) const {
    return mayHaveOneMore(waitingCount(owner), waitingCount(), capacity);
}

std::optional<double> Roster::secondsUntilRoom(const std::string& owner, int capacity) const {
    const auto pace = m_pace.seconds();
    if (!pace) {
        return {};
    }
    int own = waitingCount(owner);
    int waiting = waitingCount();
    double work = runningWork();
    for (const std::string& id : m_waiting) {  // each starts when the one before it has ended
        const JobRecord& next = m_live.at(id).record;
        --waiting;
        own -= next.owner == owner ? 1 : 0;
        if (mayHaveOneMore(own, waiting, capacity)) {
            break;
        }
        work += protocol::workOf(next.job.settings);
    }
    return work * *pace;
}

void Roster::start(LiveJob& live, int attempt, std::int64_t now) {
    protocol::Job& job = live.record.job;
    m_turns.start(job.id);
    job.state = JobState::Running;
    job.attempt = attempt;
    job.ahead = 0;
    job.startedAt = now;
    job.progress = {};
    job.progress.steps = stepsOf(job.settings);
    live.firstStep = 0;
    emit(live, JobEventType::State);
    reorder();
}

void Roster::progress(LiveJob& live, protocol::Progress progress, Clock::time_point now) {
    if (progress.step > 0) {
        if (live.firstStep == 0) {
            live.firstStep = progress.step;
            live.firstStepAt = now;
        }
        // The first step also warms the device up, so time is taken from its end.
        const int measured = progress.step - live.firstStep;
        if (measured > 0) {
            const double perStep = seconds(now - live.firstStepAt) / measured;
            progress.etaSeconds = perStep * (progress.steps - progress.step);
            const auto done = workLeft(live.record.job) - workLeft(live.record.job, progress.step);
            m_pace.add(megapixels(done), seconds(now - live.lastStepAt));
        }
        live.lastStepAt = now;
    }
    live.record.job.progress = progress;
    emit(live, JobEventType::Progress);
}

void Roster::addImage(LiveJob& live, protocol::ImageInfo image) {
    live.record.job.images.push_back(std::move(image));
    emit(live, JobEventType::Image);
}

void Roster::requeue(LiveJob& live, Requeue why) {
    protocol::Job& job = live.record.job;
    live.record.losses += why == Requeue::Lost ? 1 : 0;
    job.state = JobState::Queued;
    job.startedAt.reset();
    job.progress = {};
    job.images.clear();
    m_turns.addReturned(job.id);
    reorder();
    emit(live, JobEventType::State);
}

void Roster::finish(LiveJob& live, const Outcome& outcome, std::int64_t now) {
    protocol::Job& job = live.record.job;
    m_turns.remove(job.id);
    if (job.attempt > 0 && outcome.state != JobState::Succeeded) {
        m_turns.giveBack(live.record.owner, workLeft(job));
    }
    job.state = outcome.state;
    job.error = outcome.error;
    job.finishedAt = now;
    job = withFinalProgress(std::move(job));
    emit(live, JobEventType::Done);
    m_live.erase(std::string(job.id));
    if (m_live.empty()) {
        m_turns.settle();
    }
    m_hour.update(m_pace);
    reorder();
}

std::shared_ptr<Followers::Follower> Roster::follow(const LiveJob& live, std::optional<std::uint64_t> after,
                                                    EventCallback callback) {
    auto follower = m_followers.add(live.record.job.id, std::move(callback));
    if (after != live.sequence) {
        m_followers.tell(follower, {live.sequence, JobEventType::State, live.record.job});
    }
    return follower;
}

std::shared_ptr<Followers::Follower> Roster::followFinished(protocol::Job job, EventCallback callback) {
    auto follower = m_followers.add(job.id, std::move(callback));
    m_followers.tell({m_sequence(), JobEventType::Done, std::move(job)});
    return follower;
}

void Roster::emit(LiveJob& live, JobEventType type) {
    ++live.sequence;
    m_followers.tell({live.sequence, type, live.record.job});
}

/// Whose place has changed is told.
void Roster::reorder() {
    m_waiting = m_turns.order();
    int ahead = runningCount();
    for (const std::string& id : m_waiting) {
        LiveJob& live = m_live.at(id);
        const int before = std::exchange(live.record.job.ahead, ahead++);
        if (before != live.record.job.ahead && m_followers.has(id)) {
            emit(live, JobEventType::State);
        }
    }
}

double Roster::runningWork() const {
    std::int64_t work = 0;
    for (const auto& [_, live] : m_live) {
        work += live.record.job.state == JobState::Running ? workLeft(live.record.job) : 0;
    }
    return megapixels(work);
}

}  // namespace easel::jobs
