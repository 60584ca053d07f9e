// SPDX-License-Identifier: Apache-2.0
#include "server/commands/idle_watch.h"

#include <utility>

namespace easel::commands {

IdleWatch::IdleWatch(std::chrono::milliseconds limit, std::chrono::milliseconds pause,
                     std::function<bool()> isBusy, std::function<void()> onIdle)
    : m_limit(limit),
      m_pause(pause),
      m_isBusy(std::move(isBusy)),
      m_onIdle(std::move(onIdle)),
      m_thread([this] { run(); }) {}

IdleWatch::~IdleWatch() {
    {
        const std::scoped_lock lock(m_mutex);
        m_ends = true;
    }
    m_wake.notify_all();
    m_thread.join();
}

void IdleWatch::run() {
    std::unique_lock lock(m_mutex);
    while (!m_wake.wait_for(lock, m_pause, [this] { return m_ends; })) {
        if (m_isBusy()) {
            used();
        } else if (Clock::now() - m_lastUse.load() >= m_limit) {
            return m_onIdle();
        }
    }
}

}  // namespace easel::commands
