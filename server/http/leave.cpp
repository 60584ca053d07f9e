// SPDX-License-Identifier: Apache-2.0
#include "server/http/leave.h"

#include <algorithm>
#include <utility>

namespace easel::http {

bool Leave::isTakenBack() const {
    const std::lock_guard lock(m_mutex);
    return m_isTakenBack;
}

void Leave::takeBack() {
    std::vector<std::weak_ptr<Signal>> signals;
    {
        const std::lock_guard lock(m_mutex);
        m_isTakenBack = true;
        signals = std::exchange(m_signals, {});
    }
    for (const auto& weak : signals) {
        if (const auto signal = weak.lock()) {
            signal->notify();
        }
    }
}

void Leave::tell(const std::shared_ptr<Signal>& signal) {
    {
        const std::lock_guard lock(m_mutex);
        if (!m_isTakenBack) {
            // Those of connections that have ended go, so that there are never more than connections.
            std::erase_if(m_signals,
                          [&](const auto& weak) { return weak.expired() || weak.lock() == signal; });
            m_signals.push_back(signal);
            return;
        }
    }
    signal->notify();
}

}  // namespace easel::http
