// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "server/tls/context.h"

namespace easel::tls {

enum class State {
    Open,    ///< it goes on
    Ended,   ///< the client has said that it sends nothing more; it may still read
    Failed,  ///< nothing can be sent or received any more
};

/// The server's side of one connection without the connection: what has come from the client is put in, and
/// what is to be sent to it taken out. That keeps the two directions apart, which a TLS stream of Asio's does
/// not: it cannot say that it sends nothing more without waiting for the client to say so too. For one thread
/// at a time.
class Channel {
public:
    explicit Channel(std::shared_ptr<const Context> context);
    ~Channel();
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;

    /// Bytes from the client. Kept until they are read, so they are to be fed only when more are needed.
    void feed(std::string_view encrypted);
    /// What is to be sent now; asked after each of the calls below, a failed one too, for that may have an
    /// alert for the client.
    bool hasOutput() const;
    std::string takeOutput();

    /// Goes on with the handshake; whether it is done says isReady().
    State shakeHands();
    bool isReady() const;

    struct Read {
        std::size_t count = 0;  ///< 0 and Open: more has to be fed
        State state = State::Open;
    };
    Read read(std::span<char> into);
    /// False when it has failed. Takes all of `text`.
    bool write(std::string_view text);
    /// Says that nothing more is sent.
    void endSending();

    /// Why it has failed; empty when it has not.
    const std::string& failure() const { return m_failure; }

private:
    class Handle;

    State judge(int result);

    const std::shared_ptr<const Context> m_context;
    const std::unique_ptr<Handle> m_handle;
    std::string m_failure;
};

}  // namespace easel::tls
