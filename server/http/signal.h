// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <mutex>
#include <utility>

namespace easel::http {

/// Wakes a session's coroutine from any thread, for as long as the session lives. What a handler keeps
/// may outlive the session and even the listener, so the session cuts the wire when it ends.
class Signal {
public:
    explicit Signal(std::function<void()> wake) : m_wake(std::move(wake)) {}

    void notify() {
        const std::lock_guard lock(m_mutex);
        if (m_wake) {
            m_wake();
        }
    }

    void cut() {
        const std::lock_guard lock(m_mutex);
        m_wake = nullptr;
    }

private:
    std::mutex m_mutex;
    std::function<void()> m_wake;
};

}  // namespace easel::http
