// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "server/generator/generator.h"
#include "server/jobs/ledger.h"
#include "server/jobs/queue_options.h"
#include "server/jobs/task_thread.h"
#include "shared/protocol/generation.h"
#include "shared/protocol/problem.h"

namespace easel::jobs {

/// Has the jobs drawn. A thread of its own hands them to the generator in the order of their turns, looks
/// after what is held, old or claimed, and calls who follows; another encodes and writes what was drawn and
/// stores how it ended, so that the generator's threads never wait for the disk. Owns the generator. Every
/// method may be called from any thread.
class Dispatcher {
public:
    Dispatcher(Ledger& ledger, std::unique_ptr<generator::Generator> generator, const QueueOptions& options);
    /// Ends at once; what runs waits for the next process.
    ~Dispatcher();
    Dispatcher(const Dispatcher&) = delete;
    Dispatcher& operator=(const Dispatcher&) = delete;

    void start();
    /// There may be something to do.
    void wake();
    /// Stops drawing it at the next step.
    void stop(const std::string& id);
    generator::Generator& generator() const { return *m_generator; }
    bool isDraining() const { return m_draining; }
    /// See JobQueue::drain.
    void drain(std::chrono::milliseconds grace);

private:
    using Clock = std::chrono::steady_clock;

    void run();
    Clock::time_point upkeep();
    void dispatch();
    bool startNext();
    void review();
    std::optional<protocol::Hold> lackOfRoom();
    /// Why it cannot be drawn as things are; `room` is lackOfRoom().
    std::optional<protocol::Hold> obstacleTo(const protocol::Job& job,
                                             const std::optional<protocol::Hold>& room) const;
    void renewClaims();
    void waitBeforeStoring();
    void letGo();
    bool mayStart() const;

    generator::Observer listenTo(const std::string& id, int attempt, protocol::GenerationSettings settings);
    void keep(const std::string& id, int attempt, const protocol::GenerationSettings& settings, int index,
              const image::Image& picture);
    void show(const std::string& id, int attempt, const generator::Preview& preview);
    void conclude(const std::string& id, int attempt, const std::optional<protocol::Problem>& problem);

    Ledger& m_ledger;
    std::unique_ptr<generator::Generator> m_generator;
    const QueueOptions& m_options;
    const Lease m_lease;

    std::atomic<bool> m_draining = false;

    mutable std::mutex m_mutex;
    int m_inFlight = 0;      // at the generator
    bool m_isAlone = false;  // and nothing may join it
    bool m_stopping = false;
    bool m_hasWork = false;
    Clock::time_point m_storeAgainAt{};  // nothing is started or settled before
    Clock::time_point m_roomAgainAt{};   // nothing is started before
    std::condition_variable m_wake;      // the thread
    std::condition_variable m_idle;      // drain

    // The thread's own.
    bool m_lacksRoom = false;  // and the log knows
    Clock::time_point m_reviewAt{};
    Clock::time_point m_sweepAt{};
    Clock::time_point m_keepTimeAt{};
    Clock::time_point m_renewAt{};

    TaskThread m_keeper;
    std::thread m_thread;
};

}  // namespace easel::jobs
