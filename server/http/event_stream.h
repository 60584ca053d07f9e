// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace easel::http {

class EventBuffer;

/// The sending end of a server-sent event stream. Copies share one stream; every call is safe from any
/// thread and none blocks. When the last copy goes, the stream ends after what was sent.
class EventStream {
public:
    explicit EventStream(const std::shared_ptr<EventBuffer>& buffer);

    /// Sends one event; empty parts are left out. It takes the place of an earlier one with the same `slot`,
    /// if it has one, for whom the client was too slow. False when the client has gone, or was too slow to
    /// take what was sent before, which ends the stream.
    bool send(std::string_view type, std::string_view data, std::string_view id = {},
              std::string_view slot = {});
    /// Sends one event that may get lost: a client that is too slow is not sent it, and is not cut off for
    /// it.
    void offer(std::string_view type, std::string_view data, std::string_view slot);
    /// Ends the stream after what was sent.
    void close();
    /// Called once, from an I/O thread, when the stream has ended for whatever reason; at once when it
    /// already has. Replaces an earlier callback.
    void onClosed(std::function<void()> callback);

private:
    std::shared_ptr<EventBuffer> m_buffer;
};

}  // namespace easel::http
