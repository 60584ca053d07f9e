// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <variant>

#include "server/http/event_buffer.h"
#include "server/http/response.h"
#include "server/http/signal.h"

namespace easel::http {

/// What stands between a Responder, on any thread, and the session that waits for its answer.
class Exchange {
public:
    /// Nothing stands for a request that nobody will answer.
    using Answer = std::variant<std::monostate, Response, std::shared_ptr<EventBuffer>>;

    Exchange(std::shared_ptr<Signal> signal, std::size_t maxUnsentEventBytes);

    // For the Responder.
    void answer(Response response);
    std::shared_ptr<EventBuffer> stream(int retryMilliseconds);
    void onDisconnect(std::function<void()> callback);
    /// Nobody is left who could answer.
    void abandon();

    // For the session.
    bool isAnswered() const;
    Answer take();
    /// The client has gone; whoever still works on an answer is told.
    void disconnect();

private:
    bool set(Answer answer);

    std::shared_ptr<Signal> m_signal;
    const std::size_t m_maxUnsentEventBytes;
    mutable std::mutex m_mutex;
    std::optional<Answer> m_answer;
    bool m_gone = false;
    std::function<void()> m_onDisconnect;
};

}  // namespace easel::http
