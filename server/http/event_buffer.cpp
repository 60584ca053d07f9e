// SPDX-License-Identifier: Apache-2.0
#include "server/http/event_buffer.h"

#include <utility>

namespace easel::http {

EventBuffer::EventBuffer(std::shared_ptr<Signal> signal, std::size_t limit)
    : m_signal(std::move(signal)), m_limit(limit) {}

bool EventBuffer::append(std::string_view text) {
    bool accepted = false;
    {
        const std::lock_guard lock(m_mutex);
        if (m_closed) {
            return false;
        }
        accepted = m_text.size() + text.size() <= m_limit;
        if (accepted) {
            m_text += text;
        } else {
            // A stream with a gap would mislead; a client that is cut off comes back and resumes.
            m_text.clear();
            m_closed = true;
        }
    }
    m_signal->notify();
    return accepted;
}

void EventBuffer::close() {
    {
        const std::lock_guard lock(m_mutex);
        m_closed = true;
    }
    m_signal->notify();
}

bool EventBuffer::isClosed() const {
    const std::lock_guard lock(m_mutex);
    return m_closed;
}

void EventBuffer::onEnded(std::function<void()> callback) {
    {
        const std::lock_guard lock(m_mutex);
        if (!m_ended) {
            m_onEnded = std::move(callback);
            return;
        }
    }
    callback();
}

std::string EventBuffer::take() {
    const std::lock_guard lock(m_mutex);
    return std::exchange(m_text, {});
}

void EventBuffer::end() {
    std::function<void()> callback;
    {
        const std::lock_guard lock(m_mutex);
        m_closed = true;
        m_ended = true;
        m_text.clear();
        callback = std::exchange(m_onEnded, nullptr);
    }
    if (callback) {
        callback();
    }
}

}  // namespace easel::http
