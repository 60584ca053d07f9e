// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/tcp_stream.hpp>

namespace easel::http {

/// The bytes between us and one client, and whether it is still there: all that is known of the transport.
/// For one coroutine, on the socket's strand.
class Connection : public std::enable_shared_from_this<Connection> {
public:
    explicit Connection(boost::asio::ip::tcp::socket socket);

    const std::string& remote() const { return m_remote; }
    boost::asio::any_io_executor executor() { return m_stream.get_executor(); }

    /// How long the reads and writes that are begun from now on may take, all together. Whoever is late finds
    /// the connection closed.
    void expireAfter(std::chrono::milliseconds time);
    /// Answers how much has been read; 0: nothing more comes.
    boost::asio::awaitable<std::size_t> readSome(boost::asio::mutable_buffer into);
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

    /// Lets the reading that is under way answer 0.
    void cancelReading();
    /// Tells the client that nothing more is sent. False when the connection has ended.
    boost::asio::awaitable<bool> endSending();
    void close();

private:
    boost::asio::awaitable<void> finishReadingAhead();
    void watchForReset();

    boost::beast::tcp_stream m_stream;
    boost::asio::steady_timer m_wake;
    const std::string m_remote;
    std::chrono::steady_clock::time_point m_deadline = std::chrono::steady_clock::time_point::max();

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
