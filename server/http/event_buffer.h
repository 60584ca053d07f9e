// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "server/http/signal.h"

namespace easel::http {

/// What stands between an EventStream, on any thread, and the session that writes it out.
class EventBuffer {
public:
    EventBuffer(std::shared_ptr<Signal> signal, std::size_t limit);

    // For the EventStream.
    /// With a `slot`, what waits with the same one is left out: it is no longer so.
    bool append(std::string text, std::string_view slot = {});
    /// The same for what may get lost: left out while much waits, and given up where the rest needs its room.
    void offer(std::string text, std::string_view slot);
    void close();
    bool isClosed() const;
    void onEnded(std::function<void()> callback);

    // For the session.
    /// What is to be written next, a few events at most; empty when there is nothing just now.
    std::string take();
    /// Nothing more can be sent: the client has gone, or all was written after close().
    void end();

private:
    struct Event {
        std::string text;
        std::string slot;
        bool isOffer = false;
    };

    void leaveOut(std::string_view slot);
    void giveUpOffers();
    void clear();

    std::shared_ptr<Signal> m_signal;
    const std::size_t m_limit;
    mutable std::mutex m_mutex;
    std::deque<Event> m_events;
    std::size_t m_size = 0;  // of their texts
    bool m_closed = false;
    bool m_ended = false;
    std::function<void()> m_onEnded;
};

}  // namespace easel::http
