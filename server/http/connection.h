// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "server/tls/channel.h"

namespace easel::http {

/// How a connection has begun.
enum class Opening {
    Done,
    PlainText,  ///< TLS was due, and something else came; from now on the connection is plain, to say so
    Failed,
};

/// The bytes between us and one client, and whether it is still there: all that is known of the transport,
/// which is TCP, plain or under TLS. For one coroutine, on the socket's strand.
class Connection : public std::enable_shared_from_this<Connection> {
public:
    /// With a `context` it speaks TLS.
    explicit Connection(boost::asio::ip::tcp::socket socket,
                        const std::shared_ptr<const tls::Context>& context = {});

    const std::string& remote() const { return m_remote; }
    boost::asio::any_io_executor executor() { return m_socket.get_executor(); }
    bool isEncrypted() const { return m_channel != nullptr; }

    /// Before all else: shakes hands under TLS, and does nothing without.
    boost::asio::awaitable<Opening> open();
    /// Why TLS has failed; empty when it has not, or when the client has just gone.
    std::string failure() const { return m_channel ? m_channel->failure() : std::string(); }

    /// How long the reads and writes that are begun from now on may take, all together. Whoever is late finds
    /// the connection closed.
    void expireAfter(std::chrono::milliseconds time);
    /// Answers how much has been read; 0: nothing more comes.
    boost::asio::awaitable<std::size_t> readSome(boost::asio::mutable_buffer into);
    /// From now on the system takes little that it cannot send yet, so that what waits can still be chosen.
    void holdLittle();
    /// False when the connection has ended.
    boost::asio::awaitable<bool> write(std::string_view text);

    /// From now on it is noticed, without any reading, when the client ends or goes. Until the next reading.
    void watch();
    /// It sends nothing more; whether it still reads is open.
    bool hasEnded() const { return m_hasEnded; }
    bool hasGone() const { return m_hasGone; }

    /// Waits until then, or until something has happened: wake() was called, the client has ended or gone.
    /// Answers whether the time has come.
    boost::asio::awaitable<bool> wait(std::chrono::steady_clock::time_point until);
    void wake() { m_wake.cancel(); }

    /// Lets the reading or the handshake that is under way end with nothing.
    void cancelReading();
    /// Tells the client that nothing more is sent. False when the connection has ended.
    boost::asio::awaitable<bool> endSending();
    void close();

private:
    class Bounded;
    struct Received {
        std::size_t count = 0;
        boost::system::error_code error;
    };

    boost::asio::awaitable<Received> receive(boost::asio::mutable_buffer into);
    boost::asio::awaitable<boost::system::error_code> feed();
    boost::asio::awaitable<bool> flush();
    static boost::asio::awaitable<void> readAhead(std::shared_ptr<Connection> self);
    boost::asio::awaitable<void> finishReadingAhead();
    void watchForReset();

    boost::asio::ip::tcp::socket m_socket;
    boost::asio::steady_timer m_wake;
    const std::string m_remote;

    std::chrono::steady_clock::time_point m_deadline = std::chrono::steady_clock::time_point::max();
    boost::asio::steady_timer m_watchdog;
    int m_bounded = 0;  // reads and writes that the deadline ends

    // Under TLS alone.
    std::unique_ptr<tls::Channel> m_channel;
    std::vector<char> m_encrypted;  // room for what comes
    std::string m_output;           // on its way
    bool m_isSending = false;       // whoever sends, sends for all
    bool m_isBroken = false;        // it could not be sent
    boost::asio::steady_timer m_sent;

    // That a client ends can only be learnt by reading, for under encryption bytes on the socket say nothing.
    // So a watch reads, once, and keeps what comes for who reads next.
    std::array<char, 2048> m_ahead{};
    std::string_view m_unread;  // of m_ahead
    bool m_isReadingAhead = false;
    bool m_isReadingCancelled = false;
    bool m_isWatchedForReset = false;
    bool m_hasEnded = false;
    bool m_hasGone = false;
};

}  // namespace easel::http
