// SPDX-License-Identifier: Apache-2.0
#include "server/worker/inbox.h"

#include <utility>

namespace easel::worker {

void Inbox::put(generator::Generate request) {
    {
        const std::lock_guard lock(m_mutex);
        m_waiting.push_back(std::move(request));
    }
    m_arrived.notify_one();
}

generator::Generate Inbox::take() {
    std::unique_lock lock(m_mutex);
    m_arrived.wait(lock, [this] { return !m_waiting.empty(); });
    generator::Generate request = std::move(m_waiting.front());
    m_waiting.pop_front();
    m_current = request.id;
    m_cancelled = false;
    return request;
}

bool Inbox::cancel(const std::string& id) {
    const std::lock_guard lock(m_mutex);
    if (std::erase_if(m_waiting, [&](const auto& request) { return request.id == id; }) > 0) {
        return true;
    }
    m_cancelled = m_cancelled || id == m_current;
    return false;
}

bool Inbox::isCancelled() const {
    const std::lock_guard lock(m_mutex);
    return m_cancelled;
}

}  // namespace easel::worker
