// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/dispatcher.h"

#include <algorithm>
#include <array>
#include <exception>
#include <memory>
#include <utility>

#include "server/image/drawn.h"
#include "server/image/jpeg.h"
#include "server/jobs/job_id.h"
#include "server/jobs/recovery.h"
#include "shared/protocol/caught.h"
#include "shared/protocol/passes.h"

namespace easel::jobs {

namespace {

using namespace std::chrono_literals;
using protocol::Expected;
using protocol::Hold;
using protocol::HoldReason;
using protocol::JobState;
using protocol::Problem;

constexpr auto kStorePause = 2s;             // before the store is asked again after it failed
constexpr auto kRoomPause = 2s;              // before the disk is looked at again when it was full
constexpr auto kTimeLease = 1h;              // A process that is killed loses half of it at most.
constexpr std::size_t kPicturesWaiting = 4;  // to be encoded; up to 12 MB each
// Of 100 each: what does not get small enough with one is written with the next.
constexpr std::array kPreviewQualities{85, 60, 35};

/// Held for as long as things are as they are, which the dispatcher sees for itself.
bool isOfTheMoment(HoldReason reason) {
    return reason == HoldReason::DiskLow || reason == HoldReason::ModelMissing ||
           reason == HoldReason::DeviceDrained;
}

/// What a job becomes that the generator has let go. `lost` says whether losing it counts.
Ledger::Fate fateOf(const LiveJob& live, const std::optional<Problem>& problem, int maxRetries,
                    Requeue lost) {
    const auto end = generator::endOf(problem);
    if (live.failure && isNoSpace(*live.failure)) {
        return live.cancelRequested ? Ledger::Fate(Outcome{JobState::Cancelled, {}}) : Requeue::GivenBack;
    }
    const bool isWanted = !live.cancelRequested && !live.failure;
    if (isWanted && end == generator::End::NotReady) {
        return Requeue::GivenBack;
    }
    if (isWanted && end == generator::End::WorkerLost) {
        if (live.record.losses < maxRetries) {
            return lost;
        }
        return Outcome{JobState::Failed, lostTooOften(*problem, live.record.losses + 1)};
    }
    if (live.failure) {
        return Outcome{JobState::Failed, live.failure};
    }
    if (problem && live.cancelRequested) {
        return Outcome{JobState::Cancelled, {}};
    }
    if (problem) {
        return Outcome{JobState::Failed, problem};
    }
    if (static_cast<int>(live.record.job.images.size()) < live.record.job.settings.count) {
        return Outcome{JobState::Failed, protocol::internalError("Not every picture was delivered.")};
    }
    return Outcome{JobState::Succeeded, {}};
}

}  // namespace

Dispatcher::Dispatcher(Ledger& ledger, std::unique_ptr<generator::Generator> generator,
                       const QueueOptions& options)
    : m_ledger(ledger),
      m_generator(std::move(generator)),
      m_options(options),
      m_lease{newJobId(), options.lease},
      m_keeper(
          kPicturesWaiting, [this] { wake(); },
          [this](const std::string& what) {
              m_ledger.logProblem("What was drawn is not settled", protocol::internalError(what));
          }) {
    m_ledger.onChange([this] { wake(); });
}

Dispatcher::~Dispatcher() {
    {
        const std::scoped_lock lock(m_mutex);
        m_stopping = true;
    }
    wake();
    if (m_thread.joinable()) {
        m_thread.join();
    }
    m_generator.reset();  // Its last calls still find everything else in place.
}

void Dispatcher::start() {
    const auto tell = [this] {
        if (m_options.onGeneratorStatus) {
            m_options.onGeneratorStatus(m_generator->status());
        }
    };
    m_generator->onStatusChanged([this, tell] {
        wake();
        tell();
    });
    tell();  // a quick one may have come to something already
    m_ledger.keepTime(kTimeLease);
    m_keepTimeAt = Clock::now() + kTimeLease / 2;
    m_thread = std::thread([this] { run(); });
}

void Dispatcher::wake() {
    {
        const std::scoped_lock lock(m_mutex);
        m_hasWork = true;
    }
    m_wake.notify_one();
    m_idle.notify_all();
}

void Dispatcher::stop(const std::string& id) {
    const std::scoped_lock lock(m_mutex);
    if (!m_stopping) {
        m_generator->cancel(id);
    }
}

void Dispatcher::drain(std::chrono::milliseconds grace) {
    {
        std::unique_lock lock(m_mutex);
        m_draining = true;
        m_idle.wait_for(lock, grace, [this] { return m_inFlight == 0 && m_keeper.isIdle(); });
    }
    for (const auto& id : m_ledger.look([](const ActiveJobs& active) { return active.runningIds(); })) {
        m_ledger.giveBack(id);
        stop(id);
    }
    m_ledger.keepTime({});
    wake();
}

void Dispatcher::run() {
    while (true) {
        {
            const std::scoped_lock lock(m_mutex);
            if (m_stopping) {
                break;
            }
            m_hasWork = false;
        }
        auto until = Clock::now() + kStorePause;
        try {
            dispatch();
            m_ledger.tellPending();
            until = upkeep();
        } catch (const std::exception& error) {
            m_ledger.logProblem("The queue breaks off and begins again",
                                protocol::internalError(error.what()));
            waitBeforeStoring();
        }
        std::unique_lock lock(m_mutex);
        m_wake.wait_until(lock, until, [this] { return m_stopping || m_hasWork; });
    }
    m_ledger.tellPending();
}

/// What is done from time to time; answers when that is again.
Dispatcher::Clock::time_point Dispatcher::upkeep() {
    if (Clock::now() >= m_sweepAt) {
        m_ledger.sweep();
        if (Clock::now() >= m_keepTimeAt) {
            m_ledger.keepTime(kTimeLease);
            m_keepTimeAt = Clock::now() + kTimeLease / 2;
        }
        m_sweepAt = Clock::now() + m_options.sweepInterval;
    }
    if (Clock::now() >= m_renewAt) {
        renewClaims();
        m_renewAt = Clock::now() + m_options.lease / 3;
    }
    const std::scoped_lock lock(m_mutex);
    auto until = std::min(m_sweepAt, m_renewAt);
    for (const auto again : {m_storeAgainAt, m_roomAgainAt, m_reviewAt}) {
        until = again > Clock::now() ? std::min(again, until) : until;
    }
    return until;
}

void Dispatcher::renewClaims() {
    for (const auto& id : m_ledger.look([](const ActiveJobs& active) { return active.runningIds(); })) {
        const auto attempt = m_ledger.look([&](const ActiveJobs& active) {
            const LiveJob* live = active.find(id);
            return live ? live->record.job.attempt : 0;
        });
        if (!m_ledger.renew(id, attempt, m_lease)) {
            stop(id);  // Another has it, or nobody wants it any more.
        }
    }
}

void Dispatcher::dispatch() {
    {
        const std::scoped_lock lock(m_mutex);
        if (Clock::now() < m_storeAgainAt) {
            return;
        }
    }
    if (!m_ledger.settle()) {
        return waitBeforeStoring();
    }
    review();
    while (mayStart() && startNext()) {
    }
}

bool Dispatcher::mayStart() const {
    if (m_draining || m_ledger.isPaused() || !m_generator->status().ready) {
        return false;
    }
    const std::scoped_lock lock(m_mutex);
    return !m_stopping && !m_isAlone && m_inFlight < m_generator->capacity() && Clock::now() >= m_roomAgainAt;
}

/// False: there is nothing that could be started now.
bool Dispatcher::startNext() {
    const auto id = m_ledger.look([](const ActiveJobs& active) { return active.nextWaiting(); });
    if (!id) {
        return false;
    }
    // It may have come after the review.
    const auto next = m_ledger.copyOf(*id);
    if (auto why = next ? obstacleTo(next->record.job, lackOfRoom()) : std::nullopt) {
        m_ledger.hold({{*id, std::move(*why)}});
        return true;
    }
    {
        const std::scoped_lock lock(m_mutex);
        // One of those that were lost together may be what ended the worker: each shows it alone.
        const bool alone = next && next->record.losses > 0;
        if (m_draining || (alone && m_inFlight > 0)) {
            return false;
        }
        m_isAlone = alone;
        ++m_inFlight;  // from here on drain() waits for it
    }
    const auto started = m_ledger.start(*id, m_lease);
    if (!started || !*started) {
        if (!started) {
            m_ledger.logProblem("Job " + *id + " cannot be started", started.error());
        }
        letGo();
        waitBeforeStoring();
        return false;
    }
    if (m_draining) {
        m_ledger.giveBack(*id);
        letGo();
        return false;
    }
    const auto& [attempt, settings] = **started;
    m_generator->submit(*id, settings, listenTo(*id, attempt, settings));
    // A cancel that came in between found nothing at the generator.
    const bool isWanted = m_ledger.look([&, attempt = attempt](const ActiveJobs& active) {
        const LiveJob* live = active.running(*id, attempt);
        return live && !live->cancelRequested;
    });
    if (!isWanted) {
        stop(*id);
    }
    return true;
}

void Dispatcher::waitBeforeStoring() {
    const std::scoped_lock lock(m_mutex);
    m_storeAgainAt = Clock::now() + kStorePause;
}

/// Holds what cannot be drawn as things are, when something could be started, and releases what can be again.
void Dispatcher::review() {
    const auto heldNow = [](const ActiveJobs& active) {
        auto held = active.held();
        std::erase_if(held,
                      [](const LiveJob* live) { return !isOfTheMoment(live->record.job.hold->reason); });
        return held;
    };
    const bool mayHold =
        mayStart() && m_ledger.look([](const ActiveJobs& active) { return active.waitingCount() > 0; });
    const bool mayRelease = Clock::now() >= m_reviewAt &&
                            m_ledger.look([&](const ActiveJobs& active) { return !heldNow(active).empty(); });
    if (!mayHold && !mayRelease) {
        return;
    }
    const auto room = lackOfRoom();
    const auto obstacle = [&](const protocol::Job& job) { return obstacleTo(job, room); };
    std::vector<Holding> hold;
    std::vector<std::string> release;
    m_ledger.look([&](const ActiveJobs& active) {
        for (const std::string& id : active.waitingIds()) {
            if (auto why = obstacle(active.find(id)->record.job)) {
                hold.push_back({id, std::move(*why)});
            }
        }
        for (const LiveJob* live : heldNow(active)) {
            if (!obstacle(live->record.job)) {
                release.push_back(live->record.job.id);
            }
        }
    });
    if (!hold.empty()) {
        m_ledger.hold(hold);
    }
    if (!release.empty()) {
        if (const auto released = m_ledger.release(release); !released) {
            m_ledger.logProblem("Jobs that can be drawn again stay held", released.error());
        }
    }
    m_reviewAt = Clock::now() + kRoomPause;
}

std::optional<Hold> Dispatcher::obstacleTo(const protocol::Job& job, const std::optional<Hold>& room) const {
    return room || !m_options.obstacle ? room : m_options.obstacle(job.settings);
}

/// Tells the log when that changes.
std::optional<Hold> Dispatcher::lackOfRoom() {
    const auto lacking = m_ledger.room().problem();
    if (lacking.has_value() != m_lacksRoom) {
        m_lacksRoom = lacking.has_value();
        if (m_options.log) {
            m_options.log(lacking ? lacking->detail : "There is room on the disk again.");
        }
    }
    if (!lacking) {
        return {};
    }
    return Hold{HoldReason::DiskLow, lacking->detail, "Delete jobs or other files on the server's disk."};
}

generator::Observer Dispatcher::listenTo(const std::string& id, int attempt,
                                         protocol::GenerationSettings settings) {
    return {
        .progress = [this, id, attempt](
                        const protocol::Progress& progress) { m_ledger.progress(id, attempt, progress); },
        .image =
            [this, id, attempt, settings = std::move(settings)](int index, std::int64_t seed,
                                                                image::Image picture) {
                auto own = protocol::settingsOf(settings, index);
                own.seed = seed;
                m_keeper.add(
                    [=, this, picture = std::move(picture)] { keep(id, attempt, own, index, picture); });
            },
        .finished =
            [this, id, attempt](const std::optional<Problem>& problem) {
                // What was not drawn may be next again, so nothing else is begun before that is known. The
                // generator has room again, however that goes.
                const std::shared_ptr<void> place(nullptr, [this](void*) { letGo(); });
                m_keeper.add([=, this, held = problem ? place : nullptr] { conclude(id, attempt, problem); });
            },
        .preview =
            [this, id, attempt](generator::Preview preview) {
                // Where even pictures wait, nobody needs to see what they will be.
                m_keeper.tryAdd([=, this, preview = std::move(preview)] { show(id, attempt, preview); });
            }};
}

/// The generator has room for another.
void Dispatcher::letGo() {
    {
        const std::scoped_lock lock(m_mutex);
        --m_inFlight;
        m_isAlone = false;  // it was the only one, if so
    }
    wake();
}

void Dispatcher::keep(const std::string& id, int attempt, const protocol::GenerationSettings& settings,
                      int index, const image::Image& picture) {
    const bool isWanted =
        m_ledger.look([&](const ActiveJobs& active) { return active.running(id, attempt) != nullptr; });
    if (!isWanted) {
        return;
    }
    const auto kept = protocol::caught([&] {
        return encodeDrawn(picture, settings).and_then([&](const auto& bytes) {
            return m_ledger.images().write(id, index, bytes).map([&] {
                protocol::ImageInfo info;
                info.index = index;
                info.seed = settings.seed;
                info.width = picture.width;
                info.height = picture.height;
                info.bytes = static_cast<std::int64_t>(bytes.size());
                info.note = picture.note;
                return info;
            });
        });
    });
    if (!m_ledger.addImage(id, attempt, kept)) {
        stop(id);
    }
}

void Dispatcher::show(const std::string& id, int attempt, const generator::Preview& preview) {
    protocol::Expected<std::vector<std::uint8_t>> file;
    for (const int quality : kPreviewQualities) {
        file = image::encodeJpeg(preview.picture, quality);
        if (file && file->size() <= protocol::kMaxPreviewBytes) {
            break;
        }
    }
    if (!file || file->size() > protocol::kMaxPreviewBytes) {
        return;
    }
    protocol::Preview shown;
    shown.index = preview.index;
    shown.step = preview.step;
    shown.steps = preview.steps;
    shown.width = preview.picture.width;
    shown.height = preview.picture.height;
    shown.bytes.assign(file->begin(), file->end());
    m_ledger.preview(id, attempt, std::move(shown));
}

void Dispatcher::conclude(const std::string& id, int attempt, const std::optional<Problem>& problem) {
    const bool stored = m_ledger.conclude(id, attempt, [&](const LiveJob& live) {
        const std::scoped_lock lock(m_mutex);
        if (live.failure && isNoSpace(*live.failure)) {
            m_roomAgainAt = Clock::now() + kRoomPause;
        }
        return fateOf(live, problem, m_options.maxRetries, m_stopping ? Requeue::GivenBack : Requeue::Lost);
    });
    if (!stored) {
        waitBeforeStoring();
        wake();
    }
}

}  // namespace easel::jobs
