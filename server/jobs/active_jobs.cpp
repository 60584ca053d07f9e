// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/active_jobs.h"

#include <algorithm>
#include <utility>

#include "shared/protocol/passes.h"
#include "shared/protocol/work.h"

namespace easel::jobs {

using protocol::JobState;

namespace {

double seconds(std::chrono::steady_clock::duration duration) {
    return std::chrono::duration<double>(duration).count();
}

/// Jobs of older versions may ask for none.
int allStepsOf(const protocol::GenerationSettings& settings) {
    return std::max(protocol::stepsOf(settings) * settings.count, 1);
}

/// Pixel-steps.
std::int64_t workLeft(const protocol::Job& job, int stepsDone) {
    const int steps = allStepsOf(job.settings);
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

bool waits(const protocol::Job& job) {
    return job.state == JobState::Queued || job.state == JobState::Held;
}

bool canMove(const LiveJob& live) {
    return waits(live.record.job) && live.record.job.attempt == 0;
}

protocol::Job withFinalProgress(protocol::Job job) {
    job.progress = {};
    job.progress.steps = allStepsOf(job.settings);
    if (job.state == JobState::Succeeded) {
        job.progress.stage = protocol::Stage::Decoding;
        job.progress.step = job.progress.steps;
    }
    return job;
}

const LiveJob& ActiveJobs::add(JobRecord record) {
    const std::string id = record.job.id;
    LiveJob& live = m_live[id];
    live.record = std::move(record);
    if (live.record.job.state == JobState::Queued) {
        enqueue(live);
    }
    reorder(id);
    tell(live);
    return live;
}

void ActiveJobs::restore(const std::map<std::string, std::int64_t>& used) {
    m_turns.restore(used);
    reorder();
}

LiveJob* ActiveJobs::find(const std::string& id) {
    return const_cast<LiveJob*>(std::as_const(*this).find(id));
}

const LiveJob* ActiveJobs::find(const std::string& id) const {
    const auto found = m_live.find(id);
    return found == m_live.end() ? nullptr : &found->second;
}

LiveJob* ActiveJobs::running(const std::string& id, int attempt) {
    return const_cast<LiveJob*>(std::as_const(*this).running(id, attempt));
}

const LiveJob* ActiveJobs::running(const std::string& id, int attempt) const {
    const LiveJob* live = find(id);
    const bool is = live && live->record.job.state == JobState::Running &&
                    live->record.job.attempt == attempt && !live->outcome;
    return is ? live : nullptr;
}

std::optional<std::string> ActiveJobs::nextWaiting() const {
    return m_waiting.empty() ? std::optional<std::string>() : m_waiting.front();
}

std::vector<std::string> ActiveJobs::runningIds() const {
    std::vector<std::string> ids;
    for (const auto& [id, live] : m_live) {
        if (live.record.job.state == JobState::Running && !live.outcome) {
            ids.push_back(id);
        }
    }
    return ids;
}

std::vector<std::string> ActiveJobs::withOutcome() const {
    std::vector<std::string> ids;
    for (const auto& [id, live] : m_live) {
        if (live.outcome) {
            ids.push_back(id);
        }
    }
    return ids;
}

std::vector<const LiveJob*> ActiveJobs::held() const {
    std::vector<const LiveJob*> jobs;
    for (const auto& [id, live] : m_live) {
        if (live.record.job.state == JobState::Held) {
            jobs.push_back(&live);
        }
    }
    return jobs;
}

std::vector<const LiveJob*> ActiveJobs::lineOf(const std::string& owner, int priority) const {
    std::vector<const LiveJob*> line;
    for (const auto& [id, live] : m_live) {
        if (canMove(live) && live.record.owner == owner && live.record.job.priority == priority) {
            line.push_back(&live);
        }
    }
    std::ranges::sort(line, {}, [](const LiveJob* live) { return live->record.rank; });
    return line;
}

int ActiveJobs::count(JobState state) const {
    return static_cast<int>(std::ranges::count_if(
        m_live, [&](const auto& each) { return each.second.record.job.state == state; }));
}

int ActiveJobs::placesTaken(const std::string& owner) const {
    return static_cast<int>(std::ranges::count_if(m_live, [&](const auto& each) {
        return each.second.record.owner == owner && waits(each.second.record.job);
    }));
}

ActiveJobs::Place ActiveJobs::placeFor(const std::string& owner,
                                       const protocol::GenerationSettings& settings) const {
    Turns turns = m_turns;
    turns.add(owner, {}, protocol::pixelStepsOf(settings), {0, INT64_MAX});
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

bool ActiveJobs::hasRoom(const std::string& owner, int capacity) const {
    return mayHaveOneMore(placesTaken(owner), placesTaken(), capacity);
}

std::optional<double> ActiveJobs::secondsUntilRoom(const std::string& owner, int capacity) const {
    const auto pace = m_pace.seconds();
    if (!pace) {
        return {};
    }
    int own = placesTaken(owner);
    int waiting = placesTaken();
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

std::optional<double> ActiveJobs::backlog() const {
    double work = runningWork();
    for (const std::string& id : m_waiting) {
        work += protocol::workOf(m_live.at(id).record.job.settings);
    }
    const auto pace = m_pace.seconds();
    return pace ? std::optional(work * *pace) : work == 0 ? std::optional(0.0) : std::nullopt;
}

void ActiveJobs::place(const std::vector<Placement>& placements) {
    for (const Placement& each : placements) {
        if (LiveJob* live = find(each.id)) {
            live->record.rank = each.rank;
            m_turns.move(each.id, {each.priority, each.rank});
            if (std::exchange(live->record.job.priority, each.priority) != each.priority) {
                tell(*live);
            }
        }
    }
    reorder();
}

void ActiveJobs::hold(LiveJob& live, protocol::Hold why) {
    protocol::Job& job = live.record.job;
    m_turns.remove(job.id);
    job.state = JobState::Held;
    job.hold = std::move(why);
    job.ahead = 0;
    reorder();
    tell(live);
}

void ActiveJobs::release(LiveJob& live) {
    live.record.job.state = JobState::Queued;
    live.record.job.hold.reset();
    enqueue(live);
    reorder(live.record.job.id);
    tell(live);
}

void ActiveJobs::enqueue(const LiveJob& live) {
    const protocol::Job& job = live.record.job;
    if (job.attempt > 0) {
        m_turns.addReturned(job.id);
    } else {
        m_turns.add(live.record.owner, job.id, protocol::pixelStepsOf(job.settings),
                    {job.priority, live.record.rank});
    }
}

void ActiveJobs::start(LiveJob& live, int attempt, std::int64_t now) {
    protocol::Job& job = live.record.job;
    m_turns.start(job.id);
    job.state = JobState::Running;
    job.attempt = attempt;
    job.ahead = 0;
    job.startedAt = now;
    job.progress = {};
    job.progress.steps = allStepsOf(job.settings);
    live.eta = {};
    live.lastStepAt.reset();
    tell(live);
    reorder();
}

void ActiveJobs::progress(LiveJob& live, protocol::Progress progress, Clock::time_point now) {
    // A picture that is begun again, for memory was scarce, is further on when it is where it was.
    progress.step = std::max(progress.step, live.record.job.progress.step);
    if (progress.steps > 0) {
        progress.step = std::min(progress.step, progress.steps);
    }
    if (progress.step > 0) {
        progress.etaSeconds = live.eta.after(progress.step, progress.steps, now);
        if (progress.etaSeconds && live.lastStepAt) {
            const auto done = workLeft(live.record.job) - workLeft(live.record.job, progress.step);
            m_pace.add(megapixels(done), seconds(now - *live.lastStepAt));
        }
        live.lastStepAt = now;
    }
    live.record.job.progress = progress;
    tell(live, live.record.job.progress);
}

void ActiveJobs::preview(const LiveJob& live, protocol::Preview preview) {
    const std::string& id = live.record.job.id;
    if (m_subscribers.has(id, live.record.owner)) {
        m_subscribers.tell({live.sequence, id, std::move(preview)}, live.record.owner);
    }
}

void ActiveJobs::addImage(LiveJob& live, protocol::ImageInfo image) {
    live.record.job.images.push_back(std::move(image));
    tell(live, live.record.job.images.back());
}

void ActiveJobs::requeue(LiveJob& live, Requeue why) {
    protocol::Job& job = live.record.job;
    live.record.losses += why == Requeue::Lost ? 1 : 0;
    live.failure.reset();
    job.state = JobState::Queued;
    job.startedAt.reset();
    job.progress = {};
    job.images.clear();
    m_turns.addReturned(job.id);
    reorder();
    tell(live);
}

std::uint64_t ActiveJobs::reserveEvent() {
    m_reserved = nextEvent();
    return *m_reserved;
}

void ActiveJobs::finish(LiveJob& live, const Ending& ending) {
    protocol::Job& job = live.record.job;
    m_turns.remove(job.id);
    if (job.attempt > 0 && ending.state != JobState::Succeeded) {
        m_turns.giveBack(live.record.owner, workLeft(job));
    }
    job.state = ending.state;
    job.hold.reset();
    job.error = ending.error;
    job.finishedAt = ending.at;
    job = withFinalProgress(std::move(job));
    m_reserved.reset();
    m_subscribers.tell({ending.event, job.id, job}, live.record.owner);
    m_live.erase(std::string(job.id));
    if (m_live.empty()) {
        m_turns.settle();
    }
    m_hour.update(m_pace);
    reorder();
}

void ActiveJobs::removed(LiveJob& live, std::int64_t now) {
    finish(live, {JobState::Cancelled, {}, now, 0, nextEvent()});
}

std::shared_ptr<Subscribers::Subscriber> ActiveJobs::follow(const LiveJob& live,
                                                            std::optional<std::uint64_t> after,
                                                            EventCallback callback) {
    const protocol::Job& job = live.record.job;
    auto subscriber = m_subscribers.addToJob(job.id, std::move(callback));
    if (after != live.sequence) {
        m_subscribers.tell(subscriber, {live.sequence, job.id, job});
    }
    return subscriber;
}

std::shared_ptr<Subscribers::Subscriber> ActiveJobs::followFinished(protocol::Job job,
                                                                    EventCallback callback) {
    auto subscriber = std::make_shared<Subscribers::Subscriber>();
    subscriber->callback = std::move(callback);
    std::string id = job.id;
    m_subscribers.tell(subscriber, {nextEvent(), std::move(id), std::move(job)});
    return subscriber;
}

std::shared_ptr<Subscribers::Subscriber> ActiveJobs::followAll(const std::optional<std::string>& owner,
                                                               std::optional<std::uint64_t> after,
                                                               std::vector<Told> finished,
                                                               EventCallback callback) {
    auto subscriber = m_subscribers.addToOwner(owner, std::move(callback));
    for (Told& each : finished) {
        std::string id = each.job.id;
        m_subscribers.tell(subscriber, {each.event, std::move(id), withFinalProgress(std::move(each.job))});
    }
    for (const auto& [id, live] : m_live) {
        if ((!owner || live.record.owner == *owner) && live.sequence > after.value_or(0)) {
            m_subscribers.tell(subscriber, {live.sequence, id, live.record.job});
        }
    }
    return subscriber;
}

std::uint64_t ActiveJobs::nextEvent() {
    m_lastEvent = std::max(m_lastEvent + 1, m_sequence());
    return m_lastEvent;
}

void ActiveJobs::tell(LiveJob& live) {
    tell(live, live.record.job);
}

template <typename News>
void ActiveJobs::tell(LiveJob& live, const News& news) {
    live.sequence = nextEvent();
    const std::string& id = live.record.job.id;
    if (m_subscribers.has(id, live.record.owner)) {
        m_subscribers.tell({live.sequence, id, news}, live.record.owner);
    }
}

/// Whose place has changed is told.
void ActiveJobs::reorder(const std::string& except) {
    m_waiting = m_turns.order();
    int ahead = runningCount();
    for (const std::string& id : m_waiting) {
        LiveJob& live = m_live.at(id);
        const int before = std::exchange(live.record.job.ahead, ahead++);
        if (before != live.record.job.ahead && id != except) {
            tell(live);
        }
    }
}

double ActiveJobs::runningWork() const {
    std::int64_t work = 0;
    for (const auto& [_, live] : m_live) {
        work += live.record.job.state == JobState::Running ? workLeft(live.record.job) : 0;
    }
    return megapixels(work);
}

}  // namespace easel::jobs
