// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace easel::commands {

/// Calls `onIdle`, once, on a thread of its own, when nothing has used the server for so long.
class IdleWatch {
public:
    using Clock = std::chrono::steady_clock;

    /// `isBusy` is asked every `pause`; what is busy is used.
    IdleWatch(std::chrono::milliseconds limit, std::chrono::milliseconds pause, std::function<bool()> isBusy,
              std::function<void()> onIdle);
    ~IdleWatch();
    IdleWatch(const IdleWatch&) = delete;
    IdleWatch& operator=(const IdleWatch&) = delete;

    /// Somebody has asked for something. From any thread.
    void used() { m_lastUse = Clock::now(); }

private:
    void run();

    const std::chrono::milliseconds m_limit;
    const std::chrono::milliseconds m_pause;
    const std::function<bool()> m_isBusy;
    const std::function<void()> m_onIdle;
    std::atomic<Clock::time_point> m_lastUse = Clock::now();
    std::mutex m_mutex;
    std::condition_variable m_wake;
    bool m_ends = false;
    std::thread m_thread;
};

}  // namespace easel::commands
