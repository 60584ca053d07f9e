// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/roster.h"

#include <algorithm>
#include <utility>

#include "shared/protocol/timestamp.h"

namespace easel::jobs {

using protocol::JobEventType;
using protocol::JobState;

namespace {

/// Later than every number of an earlier process: that one gave out fewer than a thousand events per
/// millisecond and job. Stays below 2^53 for the next two centuries.
std::uint64_t sequenceNow() {
    return static_cast<std::uint64_t>(protocol::millisecondsNow()) * 1000;
}

double seconds(std::chrono::steady_clock::duration duration) {
    return std::chrono::duration<double>(duration).count();
}

double pixels(const protocol::GenerationSettings& settings) {
    return static_cast<double>(settings.width) * settings.height;
}

/// Steps left to be done, times pixels.
double workLeft(const protocol::Job& job) {
    const double steps = static_cast<double>(job.settings.steps) * job.settings.count;
    return std::max(0.0, steps - job.progress.step) * pixels(job.settings);
}

}  // namespace

protocol::Job withFinalProgress(protocol::Job job) {
    job.progress = {};
    job.progress.steps = job.settings.steps * job.settings.count;
    if (job.state == JobState::Succeeded) {
        job.progress.stage = protocol::Stage::Decoding;
        job.progress.step = job.progress.steps;
    }
    return job;
}

void Roster::add(JobRecord record) {
    LiveJob live;
    live.sequence = sequenceNow();
    live.record = std::move(record);
    const std::string id = live.record.job.id;
    m_waiting.push_back(id);
    m_live.insert_or_assign(id, std::move(live));
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

std::optional<double> Roster::drainSeconds() const {
    if (!m_pace) {
        return {};
    }
    double work = 0;
    for (const auto& [_, live] : m_live) {
        work += workLeft(live.record.job);
    }
    return work * *m_pace;
}

protocol::Job Roster::snapshot(const LiveJob& live) const {
    protocol::Job job = live.record.job;
    if (job.state == JobState::Queued) {
        const auto place = std::find(m_waiting.begin(), m_waiting.end(), job.id) - m_waiting.begin();
        job.ahead = runningCount() + static_cast<int>(place);
    }
    return job;
}

void Roster::start(LiveJob& live, int attempt, std::int64_t now) {
    std::erase(m_waiting, live.record.job.id);
    protocol::Job& job = live.record.job;
    job.state = JobState::Running;
    job.attempt = attempt;
    job.startedAt = now;
    job.progress = {};
    job.progress.steps = job.settings.steps * job.settings.count;
    live.firstStep = 0;
    emit(live, JobEventType::State);
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
            m_pace = perStep / pixels(live.record.job.settings);
        }
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
    m_waiting.push_front(job.id);  // It had been the oldest.
    tellPlaces();
}

void Roster::finish(LiveJob& live, const Outcome& outcome, std::int64_t now) {
    protocol::Job& job = live.record.job;
    std::erase(m_waiting, job.id);
    job.state = outcome.state;
    job.error = outcome.error;
    job.finishedAt = now;
    job = withFinalProgress(std::move(job));
    emit(live, JobEventType::Done);
    m_live.erase(std::string(job.id));
    tellPlaces();
}

std::shared_ptr<Followers::Follower> Roster::follow(const LiveJob& live, std::optional<std::uint64_t> after,
                                                    EventCallback callback) {
    auto follower = m_followers.add(live.record.job.id, std::move(callback));
    if (after != live.sequence) {
        m_followers.tell(follower, {live.sequence, JobEventType::State, snapshot(live)});
    }
    return follower;
}

std::shared_ptr<Followers::Follower> Roster::followFinished(protocol::Job job, EventCallback callback) {
    auto follower = m_followers.add(job.id, std::move(callback));
    m_followers.tell({sequenceNow(), JobEventType::Done, std::move(job)});
    return follower;
}

void Roster::emit(LiveJob& live, JobEventType type) {
    ++live.sequence;
    m_followers.tell({live.sequence, type, snapshot(live)});
}

void Roster::tellPlaces() {
    for (const std::string& id : m_waiting) {
        if (m_followers.has(id)) {
            emit(m_live.at(id), JobEventType::State);
        }
    }
}

}  // namespace easel::jobs
