// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace easel::jobs {

/// A thread that does what it is handed, one thing after the other. Safe to use from any other thread; its
/// end waits until all is done.
class TaskThread {
public:
    /// At most `capacity` tasks wait: then `add` does, so that who makes work does not outrun it. `idle` is
    /// called on the thread when nothing is left.
    TaskThread(std::size_t capacity, std::function<void()> idle);
    ~TaskThread();
    TaskThread(const TaskThread&) = delete;
    TaskThread& operator=(const TaskThread&) = delete;

    void add(std::function<void()> task);
    /// False where `add` would wait.
    bool tryAdd(std::function<void()> task);
    bool isIdle() const;

private:
    void run();

    const std::size_t m_capacity;
    const std::function<void()> m_idle;
    mutable std::mutex m_mutex;
    std::condition_variable m_changed;
    std::deque<std::function<void()>> m_tasks;  // the first is under way
    bool m_ending = false;
    std::thread m_thread;
};

}  // namespace easel::jobs
