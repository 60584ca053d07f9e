// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "server/generator/child_process.h"
#include "server/generator/frames.h"
#include "server/generator/generator.h"
#include "server/generator/restarts.h"
#include "server/generator/watchdog.h"
#include "server/generator/worker_options.h"

namespace easel::generator {

/// Draws in an `easel-worker`: starts it, talks to it, starts another when it dies or hangs, ends it with
/// itself. Two threads of its own: one reads frames, calls the observers and looks after the process (the
/// kernel kills the worker when this thread ends, so there are no orphans); one writes frames, so that
/// `submit` and `cancel` never wait for a worker that does not read, and ends a worker that hangs.
class WorkerProcess final : public Generator {
public:
    explicit WorkerProcess(WorkerOptions options);
    ~WorkerProcess() override;

    Status status() const override;
    void onStatusChanged(std::function<void()> changed) override;
    int capacity() const override { return status().capacity; }
    void submit(const std::string& id, const protocol::GenerationSettings& settings,
                Observer observer) override;
    void cancel(const std::string& id) override;
    void load(const std::string& model) override;
    void unload(const std::string& model) override;
    Tally tally() const override;

private:
    using Clock = Watchdog::Clock;

    std::vector<std::string> commandLine() const;
    protocol::Expected<std::filesystem::path> folderOf(const std::string& model) const;
    protocol::Expected<Materials> materialsFor(const protocol::GenerationSettings& settings) const;
    void supervise();
    WorkerEnd runOnce();
    void converse(FrameChannel& channel);
    bool take(Frame frame);
    void writeFrames();
    void endIfOverdue(Clock::time_point due);
    bool handle(WorkerStatus frame);
    bool handle(const ProgressMade& frame);
    bool handle(Picture frame);
    bool handle(PreviewMade frame);
    bool handle(Finished frame);
    bool handle(Heartbeat frame);
    void setStatus(Status status);
    void endAll(const protocol::Problem& problem);
    std::shared_ptr<Observer> observerAfter(const std::string& id, const std::function<void()>& note);

    const WorkerOptions m_options;

    mutable std::mutex m_mutex;
    std::condition_variable m_wake;
    bool m_stopping = false;
    Status m_status;
    Tally m_tally;                                     // of the workers before this one
    Heartbeat m_present;                               // of this one
    std::shared_ptr<FrameChannel> m_channel;           // null between two workers
    std::optional<Watchdog> m_watchdog;                // of the worker at m_channel
    std::optional<Clock::time_point> m_handlingSince;  // while its frames have to wait
    std::string m_reproach;                            // why it is being ended
    std::string m_refusal;                             // why it cannot work
    std::deque<Frame> m_outbox;
    std::map<std::string, std::shared_ptr<Observer>> m_inFlight;

    Restarts m_restarts{m_options};  // the supervisor's own

    std::mutex m_notifying;  // held while m_changed runs
    std::function<void()> m_changed;

    std::thread m_supervisor;
    std::thread m_writer;
};

}  // namespace easel::generator
