// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "server/generator/frames.h"
#include "server/generator/generator.h"

namespace easel::generator {

struct WorkerOptions {
    std::filesystem::path program;  ///< easel-worker
    std::filesystem::path model;    ///< a model folder
    std::string device = "auto";
    std::string precision = "auto";                ///< auto, fp32, fp16, bf16
    std::chrono::milliseconds firstPause{500};     ///< before a lost worker's successor; doubles each time
    std::chrono::milliseconds longestPause{8000};  ///< … up to this
    int maxStarts = 4;                             ///< in a row that did not become ready, then `failed`
    std::chrono::milliseconds grace{3000};         ///< for a worker that was asked to end
    std::chrono::milliseconds stuckAfter{60'000};  ///< a cancel without effect; the worker is replaced then
};

/// Draws in an `easel-worker`: starts it, talks to it, starts another when it dies, ends it with itself.
/// Two threads of its own: one reads frames, calls the listeners and looks after the process (the kernel
/// kills the worker when this thread ends, so there are no orphans); one writes frames, so that `submit`
/// and `cancel` never wait for a worker that does not read, and ends a worker that hangs.
class WorkerProcess final : public Generator {
public:
    explicit WorkerProcess(WorkerOptions options);
    ~WorkerProcess() override;

    Status status() const override;
    void onStatusChanged(std::function<void()> changed) override;
    int capacity() const override { return 1; }
    void submit(const std::string& id, const protocol::GenerationSettings& settings,
                Listener listener) override;
    void cancel(const std::string& id) override;

private:
    struct Child {
        pid_t pid;
        std::shared_ptr<FrameChannel> channel;
    };

    using Clock = std::chrono::steady_clock;

    struct Request {
        std::shared_ptr<Listener> listener;
        std::optional<Clock::time_point> stuckAt = {};  // once it is cancelled
    };

    void supervise();
    void writeFrames();
    Clock::time_point nextCheck() const;
    void endIfStuck();
    protocol::Expected<Child> spawn() const;
    void converse(FrameChannel& channel);
    std::string reap(pid_t pid) const;
    void handle(WorkerStatus frame);
    void handle(const ProgressMade& frame);
    void handle(Picture frame);
    void handle(Finished frame);
    void setStatus(Status status);
    void endAll(const protocol::Problem& problem);
    std::shared_ptr<Listener> listenerOf(const std::string& id) const;

    const WorkerOptions m_options;

    mutable std::mutex m_mutex;
    std::condition_variable m_wake;
    bool m_stopping = false;
    Status m_status;
    std::shared_ptr<FrameChannel> m_channel;  // null between two workers
    std::deque<Frame> m_outbox;
    std::map<std::string, Request> m_inFlight;

    std::mutex m_notifying;  // held while m_changed runs
    std::function<void()> m_changed;

    std::thread m_supervisor;
    std::thread m_writer;
};

}  // namespace easel::generator
