// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace easel::jobs {

/// A thread that does what it is handed, one thing after the other. Safe to use from any other thread; its
/// destructor waits until all is done.
class TaskThread {
public:
    /// At most `capacity` tasks wait: then `add` does, so that who makes work does not outrun it. On the
    /// thread, `idle` is called when nothing is left, and `failed` with what a task threw, which ends that
    /// task alone.
    TaskThread(std::size_t capacity, std::function<void()> idle,
               std::function<void(const std::string& what)> failed);
    ~TaskThread();
    TaskThread(const TaskThread&) = delete;
    TaskThread& operator=(const TaskThread&) = delete;

    void add(std::function<void()> task);
    /// False where `add` would wait, and after `close`.
    bool tryAdd(std::function<void()> task);
    /// Lets go what has not begun, waits for what has, and takes nothing more with `tryAdd`.
    void close();
    bool isIdle() const;

private:
    bool isFull() const { return m_tasks.size() + (m_isBusy ? 1 : 0) > m_capacity; }
    void run();
    void perform(const std::function<void()>& task) const;

    const std::size_t m_capacity;
    const std::function<void()> m_idle;
    const std::function<void(const std::string& what)> m_failed;
    mutable std::mutex m_mutex;
    std::condition_variable m_changed;
    std::deque<std::function<void()>> m_tasks;
    bool m_isBusy = false;  // with one that is not among them any more
    bool m_isClosed = false;
    bool m_ending = false;
    std::thread m_thread;
};

}  // namespace easel::jobs
