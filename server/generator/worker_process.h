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
#include "server/generator/watchdog.h"
#include "shared/process/backoff.h"

namespace easel::generator {

struct WorkerOptions {
    std::filesystem::path program;  ///< easel-worker
    ModelPlace model;               ///< the first; without it nothing is drawn
    /// Where the models are that requests name otherwise; empty: there are none. From any thread; must not
    /// block for long.
    std::function<protocol::Expected<std::filesystem::path>(const std::string& id)> locate = {};
    /// What a request needs beside its model. Empty: nothing; else as `locate`.
    std::function<protocol::Expected<std::vector<Material>>(const protocol::GenerationSettings& settings)>
        gather = {};
    /// Variables for the next worker, in place of ours; asked before each start, from a thread of its own. An
    /// error is why there is no use in starting one yet, and becomes the status. Empty: none.
    std::function<protocol::Expected<std::vector<std::string>>()> environment = {};
    std::string device = "auto";
    std::string precision = "auto";  ///< auto, fp32, fp16, bf16
    std::int64_t memory = 0;         ///< bytes that models and drawings may take; 0: what is free
    int sharers = 1;                 ///< workers on this device, which share its threads and free memory
    std::filesystem::path widths =
        {};  ///< where it remembers how many pictures are best drawn together; empty: nowhere
    WatchLimits limits = {};
    std::chrono::milliseconds firstPause{500};       ///< before a lost worker's successor; doubles each time
    std::chrono::milliseconds longestPause{8000};    ///< … up to this
    std::chrono::milliseconds refusedPause{60'000};  ///< before a model or device is tried that was refused
    std::chrono::milliseconds missingPause{2000};  ///< before `environment` is asked again that had an error
    int maxStarts = 4;        ///< in a row that did not become ready, then the status says `failed`
    bool keepsTrying = true;  ///< goes on when it has failed: what was wrong may be mended
    std::chrono::milliseconds grace{3000};  ///< for a worker that was asked to end
    /// Gets each line that the worker prints, from a thread of its own.
    std::function<void(const std::string&)> onOutput = {};
};

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

    /// How one start of the worker came to its end.
    struct End {
        std::string missing;    // what it cannot be started without
        int startError = 0;     // an errno: it was not even started
        std::string how;        // "exit status 3"
        bool wasStuck = false;  // and ended for that; `how` says why
        bool wasReady = false;
        std::string refusal;  // the worker's own reason why it cannot work
    };

    static std::string described(const End& end);
    std::vector<std::string> commandLine() const;
    protocol::Expected<std::filesystem::path> folderOf(const std::string& model) const;
    protocol::Expected<Materials> materialsFor(const protocol::GenerationSettings& settings) const;
    void supervise();
    End runOnce();
    std::chrono::milliseconds judge(const End& end);
    std::string withNextTry(std::string message, std::chrono::milliseconds pause) const;
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

    // The supervisor's own.
    int m_failedStarts = 0;  // in a row
    process::Backoff m_backoff{m_options.firstPause, m_options.longestPause};

    std::mutex m_notifying;  // held while m_changed runs
    std::function<void()> m_changed;

    std::thread m_supervisor;
    std::thread m_writer;
};

}  // namespace easel::generator
