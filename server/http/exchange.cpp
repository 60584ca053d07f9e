// SPDX-License-Identifier: Apache-2.0
#include "server/http/exchange.h"

#include <string>
#include <utility>
#include <variant>

#include <fmt/core.h>

#include "server/http/responder.h"

namespace easel::http {

Exchange::Exchange(std::shared_ptr<Signal> signal, std::size_t maxUnsentEventBytes)
    : m_signal(std::move(signal)), m_maxUnsentEventBytes(maxUnsentEventBytes) {}

void Exchange::answer(Response response) {
    set(std::move(response));
}

std::shared_ptr<EventBuffer> Exchange::stream(int retryMilliseconds) {
    auto buffer = std::make_shared<EventBuffer>(m_signal, m_maxUnsentEventBytes);
    buffer->append(fmt::format("retry: {}\n\n", retryMilliseconds));
    if (!set(buffer)) {
        buffer->end();
    }
    return buffer;
}

void Exchange::onDisconnect(std::function<void()> callback) {
    {
        const std::lock_guard lock(m_mutex);
        if (m_answer) {
            return;
        }
        if (!m_gone) {
            m_onDisconnect = std::move(callback);
            return;
        }
    }
    callback();
}

void Exchange::abandon() {
    set(std::monostate());
}

bool Exchange::isAnswered() const {
    const std::lock_guard lock(m_mutex);
    return m_answer.has_value();
}

Exchange::Answer Exchange::take() {
    const std::lock_guard lock(m_mutex);
    return std::move(*m_answer);
}

void Exchange::disconnect() {
    std::function<void()> callback;
    std::shared_ptr<EventBuffer> untaken;
    {
        const std::lock_guard lock(m_mutex);
        m_gone = true;
        callback = std::exchange(m_onDisconnect, nullptr);
        if (m_answer && std::holds_alternative<std::shared_ptr<EventBuffer>>(*m_answer)) {
            untaken = std::get<std::shared_ptr<EventBuffer>>(*m_answer);
        }
    }
    if (callback) {
        callback();
    }
    if (untaken) {
        untaken->end();
    }
}

bool Exchange::set(Answer answer) {
    std::function<void()> unneeded;  // what it holds goes after the lock: it may hold the last responder
    {
        const std::lock_guard lock(m_mutex);
        if (m_answer || m_gone) {
            return false;
        }
        m_answer = std::move(answer);
        unneeded = std::exchange(m_onDisconnect, nullptr);
    }
    m_signal->notify();
    return true;
}

Responder::Responder(const std::shared_ptr<Exchange>& exchange)
    : m_exchange(exchange.get(), [exchange](Exchange* abandoned) { abandoned->abandon(); }) {}

void Responder::send(Response response) const {
    m_exchange->answer(std::move(response));
}

EventStream Responder::stream(int retryMilliseconds) const {
    return EventStream(m_exchange->stream(retryMilliseconds));
}

void Responder::onDisconnect(std::function<void()> callback) const {
    m_exchange->onDisconnect(std::move(callback));
}

}  // namespace easel::http
