// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/task_thread.h"

#include <exception>
#include <utility>

namespace easel::jobs {

TaskThread::TaskThread(std::size_t capacity, std::function<void()> idle,
                       std::function<void(const std::string& what)> failed)
    : m_capacity(capacity),
      m_idle(std::move(idle)),
      m_failed(std::move(failed)),
      m_thread([this] { run(); }) {}

TaskThread::~TaskThread() {
    {
        const std::scoped_lock lock(m_mutex);
        m_ending = true;
    }
    m_changed.notify_all();
    m_thread.join();
}

void TaskThread::add(std::function<void()> task) {
    std::unique_lock lock(m_mutex);
    m_changed.wait(lock, [this] { return !isFull(); });
    m_tasks.push_back(std::move(task));
    m_changed.notify_all();
}

bool TaskThread::tryAdd(std::function<void()> task) {
    {
        const std::scoped_lock lock(m_mutex);
        if (m_isClosed || isFull()) {
            return false;
        }
        m_tasks.push_back(std::move(task));
    }
    m_changed.notify_all();
    return true;
}

void TaskThread::close() {
    std::deque<std::function<void()>> dropped;
    std::unique_lock lock(m_mutex);
    m_isClosed = true;
    dropped.swap(m_tasks);
    lock.unlock();
    dropped.clear();  // Whoever waits for one of them is told at once.
    lock.lock();
    m_changed.wait(lock, [this] { return !m_isBusy; });
}

bool TaskThread::isIdle() const {
    const std::scoped_lock lock(m_mutex);
    return m_tasks.empty() && !m_isBusy;
}

void TaskThread::run() {
    std::unique_lock lock(m_mutex);
    while (true) {
        m_changed.wait(lock, [this] { return m_ending || !m_tasks.empty(); });
        if (m_tasks.empty()) {
            return;
        }
        {
            const std::function<void()> task = std::move(m_tasks.front());
            m_tasks.pop_front();
            m_isBusy = true;
            lock.unlock();
            perform(task);
        }
        lock.lock();
        m_isBusy = false;
        m_changed.notify_all();
        if (m_tasks.empty()) {
            lock.unlock();
            m_idle();
            lock.lock();
        }
    }
}

void TaskThread::perform(const std::function<void()>& task) const {
    try {
        task();
    } catch (const std::exception& error) {
        m_failed(error.what());
    }
}

}  // namespace easel::jobs
