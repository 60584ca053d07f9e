// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

#include "server/http/event_stream.h"
#include "server/http/response.h"

namespace easel::http {

class Exchange;

/// The right to answer one request, now or later, from any thread. Copies share it; the first answer
/// counts and further ones are ignored. When the last copy goes unused, the client gets a 500.
class Responder {
public:
    explicit Responder(const std::shared_ptr<Exchange>& exchange);

    void send(Response response) const;
    /// Answers 200 with a stream of events. `retryMilliseconds`: how long a client should wait before it
    /// connects again.
    EventStream stream(int retryMilliseconds = 2000) const;
    /// Called at most once, from an I/O thread, when the client goes before it was answered; at once when
    /// it has gone already. Replaces an earlier callback.
    void onDisconnect(std::function<void()> callback) const;

private:
    std::shared_ptr<Exchange> m_exchange;
};

}  // namespace easel::http
