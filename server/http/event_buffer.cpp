// SPDX-License-Identifier: Apache-2.0
#include "server/http/event_buffer.h"

#include <algorithm>
#include <utility>

namespace easel::http {

namespace {

// What has been taken is sent, however old it has become.
constexpr std::size_t kTaken = 4UL * 1024;

}  // namespace

EventBuffer::EventBuffer(std::shared_ptr<Signal> signal, std::size_t limit)
    : m_signal(std::move(signal)), m_limit(limit) {}

bool EventBuffer::append(std::string text, std::string_view slot) {
    bool accepted = false;
    {
        const std::lock_guard lock(m_mutex);
        if (m_closed) {
            return false;
        }
        leaveOut(slot);
        if (m_size + text.size() > m_limit) {
            giveUpOffers();
        }
        accepted = m_size + text.size() <= m_limit;
        if (accepted) {
            m_size += text.size();
            m_events.push_back({std::move(text), std::string(slot)});
        } else {
            // A stream with a gap would mislead; a client that is cut off comes back and resumes.
            clear();
            m_closed = true;
        }
    }
    m_signal->notify();
    return accepted;
}

void EventBuffer::offer(std::string text, std::string_view slot) {
    {
        const std::lock_guard lock(m_mutex);
        if (m_closed) {
            return;
        }
        leaveOut(slot);
        if (m_size + text.size() > m_limit / 2) {
            return;
        }
        m_size += text.size();
        m_events.push_back({std::move(text), std::string(slot), true});
    }
    m_signal->notify();
}

/// What waits with the same slot.
void EventBuffer::leaveOut(std::string_view slot) {
    if (const auto earlier = std::ranges::find(m_events, slot, &Event::slot);
        !slot.empty() && earlier != m_events.end()) {
        m_size -= earlier->text.size();
        m_events.erase(earlier);
    }
}

void EventBuffer::giveUpOffers() {
    std::erase_if(m_events, [this](const Event& event) {
        m_size -= event.isOffer ? event.text.size() : 0;
        return event.isOffer;
    });
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
    std::string text;
    while (!m_events.empty() && (text.empty() || text.size() + m_events.front().text.size() <= kTaken)) {
        m_size -= m_events.front().text.size();
        text += m_events.front().text;
        m_events.pop_front();
    }
    return text;
}

void EventBuffer::clear() {
    m_events.clear();
    m_size = 0;
}

void EventBuffer::end() {
    std::function<void()> callback;
    {
        const std::lock_guard lock(m_mutex);
        m_closed = true;
        m_ended = true;
        clear();
        callback = std::exchange(m_onEnded, nullptr);
    }
    if (callback) {
        callback();
    }
}

}  // namespace easel::http
