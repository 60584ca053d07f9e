// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/task_thread.h"

#include <utility>

namespace easel::jobs {

TaskThread::TaskThread(std::size_t capacity, std::function<void()> idle)
    : m_capacity(capacity), m_idle(std::move(idle)), m_thread([this] { run(); }) {}

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
    m_changed.wait(lock, [this] { return m_tasks.size() <= m_capacity; });
    m_tasks.push_back(std::move(task));
    m_changed.notify_all();
}

bool TaskThread::tryAdd(std::function<void()> task) {
    {
        const std::scoped_lock lock(m_mutex);
        if (m_tasks.size() > m_capacity) {
            return false;
        }
        m_tasks.push_back(std::move(task));
    }
    m_changed.notify_all();
    return true;
}

bool TaskThread::isIdle() const {
    const std::scoped_lock lock(m_mutex);
    return m_tasks.empty();
}

void TaskThread::run() {
    std::unique_lock lock(m_mutex);
    while (true) {
        m_changed.wait(lock, [this] { return m_ending || !m_tasks.empty(); });
        if (m_tasks.empty()) {
            return;
        }
        std::function<void()>& task = m_tasks.front();
        lock.unlock();
        task();
        lock.lock();
        m_tasks.pop_front();
        m_changed.notify_all();
        if (m_tasks.empty()) {
            lock.unlock();
            m_idle();
            lock.lock();
        }
    }
}

}  // namespace easel::jobs
