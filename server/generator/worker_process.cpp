// SPDX-License-Identifier: Apache-2.0
#include "server/generator/worker_process.h"

#include <algorithm>
#include <exception>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "shared/process/spawn.h"
#include "shared/protocol/caught.h"

namespace easel::generator {

namespace {

using namespace std::chrono_literals;

constexpr auto kAsleep = 1s;  // A thread that wakes up so much too late was not the only one asleep.

}  // namespace

WorkerProcess::WorkerProcess(WorkerOptions options) : m_options(std::move(options)) {
    m_status.message = "Starting the worker.";
    m_supervisor = std::thread([this] { supervise(); });
    m_writer = std::thread([this] { writeFrames(); });
}

WorkerProcess::~WorkerProcess() {
    {
        const std::scoped_lock lock(m_mutex);
        m_stopping = true;
        if (m_channel) {
            m_channel->shutdown();
        }
    }
    m_wake.notify_all();
    m_supervisor.join();
    m_writer.join();
}

Status WorkerProcess::status() const {
    const std::scoped_lock lock(m_mutex);
    return m_status;
}

void WorkerProcess::onStatusChanged(std::function<void()> changed) {
    const std::scoped_lock lock(m_notifying);
    m_changed = std::move(changed);
}

void WorkerProcess::submit(const std::string& id, const protocol::GenerationSettings& settings,
                           Observer observer) {
    auto materials = materialsFor(settings);
    if (!materials) {
        return observer.finished(materials.error());
    }
    std::unique_lock lock(m_mutex);
    if (!m_status.ready || !m_channel) {
        const std::string message = m_status.message;
        lock.unlock();
        return observer.finished(protocol::unavailable(message));
    }
    if (m_inFlight.contains(id)) {
        lock.unlock();
        return observer.finished(protocol::internalError(fmt::format("Job {} was submitted twice.", id)));
    }
    m_inFlight[id] = std::make_shared<Observer>(std::move(observer));
    m_watchdog->submitted(id, settings, Clock::now());
    m_outbox.push_back(Generate{id, settings, std::move(*materials)});
    m_wake.notify_all();
}

void WorkerProcess::cancel(const std::string& id) {
    const std::scoped_lock lock(m_mutex);
    if (m_inFlight.contains(id)) {
        m_watchdog->cancelled(id, Clock::now());
        m_outbox.push_back(Cancel{id});
        m_wake.notify_all();
    }
}

void WorkerProcess::load(const std::string& model) {
    const auto folder = folderOf(model);
    const std::scoped_lock lock(m_mutex);
    if (folder && m_status.ready) {
        m_outbox.push_back(Load{model, folder->string()});
        m_wake.notify_all();
    }
}

void WorkerProcess::unload(const std::string& model) {
    const std::scoped_lock lock(m_mutex);
    if (m_status.ready) {
        m_outbox.push_back(Unload{model});
        m_wake.notify_all();
    }
}

protocol::Expected<std::filesystem::path> WorkerProcess::folderOf(const std::string& model) const {
    if (model.empty() || model == m_options.model.id || !m_options.locate) {
        return m_options.model.folder;
    }
    return m_options.locate(model);
}

protocol::Expected<Materials> WorkerProcess::materialsFor(
    const protocol::GenerationSettings& settings) const {
    return protocol::caught([&] {
        return folderOf(settings.model).and_then([&](std::filesystem::path folder) {
            protocol::Expected<std::vector<Material>> others;
            if (m_options.gather) {
                others = m_options.gather(settings);
            }
            return std::move(others).map([&](std::vector<Material> besides) {
                return Materials({settings.model, std::move(folder)}, std::move(besides));
            });
        });
    });
}

std::vector<std::string> WorkerProcess::commandLine() const {
    std::vector<std::string> line = {m_options.program.string(),
                                     "--socket-fd",
                                     std::to_string(process::Program::kSocket),
                                     "--device",
                                     m_options.device,
                                     "--precision",
                                     m_options.precision};
    if (m_options.memory > 0) {
        line.insert(line.end(), {"--memory", std::to_string(m_options.memory)});
    }
    if (m_options.sharers > 1) {
        line.insert(line.end(), {"--sharers", std::to_string(m_options.sharers)});
    }
    if (!m_options.widths.empty()) {
        line.insert(line.end(), {"--widths", m_options.widths.string()});
    }
    if (!m_options.kernels.empty()) {
        line.insert(line.end(), {"--kernels", m_options.kernels.string()});
    }
    line.insert(line.end(), {"--", m_options.model.id, m_options.model.folder.string()});
    return line;
}

void WorkerProcess::supervise() {
    while (true) {
        const auto end = runOnce();
        {
            const std::scoped_lock lock(m_mutex);
            if (m_stopping) {
                return;
            }
        }
        const auto verdict = m_restarts.judge(end);
        Status status;
        status.failed = verdict.failed;
        status.message = verdict.message;
        setStatus(std::move(status));
        std::unique_lock lock(m_mutex);
        if (m_status.failed && !m_options.keepsTrying) {
            return;
        }
        if (m_wake.wait_for(lock, verdict.pause, [this] { return m_stopping; })) {
            return;
        }
    }
}

/// From the start of a worker to its end; what was in flight is lost by then.
WorkerEnd WorkerProcess::runOnce() {
    WorkerEnd end;
    const auto own = protocol::caught([this] {
        return m_options.environment ? m_options.environment()
                                     : protocol::Expected<std::vector<std::string>>();
    });
    if (!own) {
        end.missing = own.error().detail;
        return end;
    }
    auto child = ChildProcess::start(commandLine(), childEnvironment(*own), m_options.onOutput);
    if (!child) {
        end.startError = child.error();
        return end;
    }
    {
        const std::scoped_lock lock(m_mutex);
        m_channel = child->channel();
        m_watchdog.emplace(m_options.limits, Clock::now());
        if (m_stopping) {
            m_channel->shutdown();
        }
    }
    m_wake.notify_all();

    converse(*child->channel());

    bool isInHaste = false;
    {
        const std::scoped_lock lock(m_mutex);
        end.wasReady = std::exchange(m_status.ready, false);
        end.refusal = std::exchange(m_refusal, {});
        end.how = std::exchange(m_reproach, {});
        isInHaste = m_stopping;
        const Heartbeat last = std::exchange(m_present, {});
        m_tally.passes += last.passes;
        m_tally.drawn += last.drawn;
        m_tally.losses += m_stopping ? 0 : 1;
        m_channel.reset();
        m_watchdog.reset();
        m_outbox.clear();
    }
    end.wasStuck = !end.how.empty();
    if (end.wasStuck) {
        child->end(0ms, 0ms);
    } else {
        // One that ends by itself should be able to tell its own exit status.
        end.how = child->end(isInHaste ? 0ms : 1000ms, m_options.grace);
    }
    endAll(workerLost(fmt::format("The process that drew it {}.", described(end))));
    return end;
}

void WorkerProcess::converse(FrameChannel& channel) {
    while (true) {
        auto frame = channel.read();
        if (!frame || !*frame) {
            return;
        }
        {
            const std::scoped_lock lock(m_mutex);
            m_handlingSince = Clock::now();
            m_watchdog->heard(*m_handlingSince);
        }
        const bool goesOn = take(std::move(**frame));
        {
            const std::scoped_lock lock(m_mutex);
            m_watchdog->excuse(Clock::now() - *m_handlingSince);
            m_handlingSince.reset();
        }
        m_wake.notify_all();
        if (!goesOn) {
            return;
        }
    }
}

/// Answers whether to go on: not after a frame that nobody could handle, for what it told is lost.
bool WorkerProcess::take(Frame frame) {
    try {
        return std::visit(
            [this](auto& each) {
                if constexpr (requires { handle(std::move(each)); }) {
                    return handle(std::move(each));
                }
                return false;
            },
            frame);
    } catch (const std::exception& error) {
        const std::scoped_lock lock(m_mutex);
        m_reproach = fmt::format("the server could not take what it said: {}", error.what());
        return false;
    }
}

void WorkerProcess::writeFrames() {
    std::unique_lock lock(m_mutex);
    while (!m_stopping) {
        if (!m_channel || m_outbox.empty()) {
            const auto due = m_watchdog ? m_watchdog->next().at : Clock::time_point::max();
            if (m_wake.wait_until(lock, std::min(due, Clock::now() + 1h)) == std::cv_status::timeout) {
                endIfOverdue(due);
            }
            continue;
        }
        const Frame frame = std::move(m_outbox.front());
        m_outbox.pop_front();
        const auto channel = m_channel;
        lock.unlock();
        if (!channel->write(frame)) {
            channel->shutdown();  // The reader finds the end and says what was lost.
        }
        lock.lock();
    }
}

/// A process or a GPU can hang without an error. Ending its worker costs a retry and loading the model again.
void WorkerProcess::endIfOverdue(Clock::time_point due) {
    if (!m_watchdog || !m_channel || m_handlingSince) {
        return;
    }
    const auto now = Clock::now();
    if (due <= now && now - due > kAsleep) {
        // This process or the whole machine stood still: its frames are still to be read.
        m_watchdog->excuse(now - due + kAsleep);
        return;
    }
    if (const auto next = m_watchdog->next(); next.at <= now) {
        m_reproach = next.why;
        m_channel->shutdown();  // The reader finds the end and says what was lost.
    }
}

Tally WorkerProcess::tally() const {
    const std::scoped_lock lock(m_mutex);
    return {.passes = m_tally.passes + m_present.passes,
            .drawn = m_tally.drawn + m_present.drawn,
            .losses = m_tally.losses};
}

bool WorkerProcess::handle(Heartbeat frame) {
    const std::scoped_lock lock(m_mutex);
    m_present = frame;
    return true;
}

/// Answers whether to go on.
bool WorkerProcess::handle(WorkerStatus frame) {
    Status& status = frame.status;
    if (status.failed) {
        const std::scoped_lock lock(m_mutex);
        m_refusal = status.message;
        return false;
    }
    if (status.ready) {
        const std::scoped_lock lock(m_mutex);
        m_watchdog->becameReady();
        m_watchdog->loads(
            std::ranges::count(status.models, protocol::ModelState::Loading, &ModelStatus::state) > 0,
            Clock::now());
    } else if (m_restarts.haveFailed()) {
        return true;  // What went wrong the last time says more.
    }
    setStatus(std::move(status));
    return true;
}

bool WorkerProcess::handle(const ProgressMade& frame) {
    const auto observer =
        observerAfter(frame.id, [&] { m_watchdog->advanced(frame.id, frame.progress, Clock::now()); });
    if (observer) {
        observer->progress(frame.progress);
    }
    return true;
}

bool WorkerProcess::handle(Picture frame) {
    const auto observer = observerAfter(frame.id, [&] { m_watchdog->delivered(frame.id, Clock::now()); });
    if (observer) {
        observer->image(frame.index, frame.seed, std::move(frame.image));
    }
    return true;
}

bool WorkerProcess::handle(PreviewMade frame) {
    // The step that it shows has been told, so it is no news to the watchdog.
    if (const auto observer = observerAfter(frame.id, [] {}); observer && observer->preview) {
        observer->preview(std::move(frame.preview));
    }
    return true;
}

bool WorkerProcess::handle(Finished frame) {
    std::shared_ptr<Observer> observer;
    {
        const std::scoped_lock lock(m_mutex);
        m_watchdog->finished(frame.id, Clock::now());
        if (auto taken = m_inFlight.extract(frame.id)) {
            observer = std::move(taken.mapped());
        }
    }
    if (observer) {
        observer->finished(std::move(frame.problem));
    }
    return true;
}

void WorkerProcess::setStatus(Status status) {
    {
        const std::scoped_lock lock(m_mutex);
        if (m_status == status) {
            return;
        }
        m_status = std::move(status);
    }
    const std::scoped_lock lock(m_notifying);
    if (m_changed) {
        m_changed();
    }
}

void WorkerProcess::endAll(const protocol::Problem& problem) {
    std::map<std::string, std::shared_ptr<Observer>> lost;
    {
        const std::scoped_lock lock(m_mutex);
        lost.swap(m_inFlight);
    }
    for (const auto& [id, observer] : lost) {
        observer->finished(problem);
    }
}

/// Notes under the lock that `id` came further; null when nobody waits for it.
std::shared_ptr<Observer> WorkerProcess::observerAfter(const std::string& id,
                                                       const std::function<void()>& note) {
    const std::scoped_lock lock(m_mutex);
    note();
    const auto found = m_inFlight.find(id);
    return found == m_inFlight.end() ? nullptr : found->second;
}

}  // namespace easel::generator
