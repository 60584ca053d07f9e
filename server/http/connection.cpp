// SPDX-License-Identifier: Apache-2.0
#include "server/http/connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <span>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace easel::http {

namespace net = boost::asio;

using boost::system::error_code;
using Clock = std::chrono::steady_clock;

namespace {

constexpr auto kAwait = net::as_tuple(net::use_awaitable);
constexpr std::size_t kReadBytes = 8UL * 1024;
constexpr std::size_t kRecordBytes = 16UL * 1024;  // the most that one takes
constexpr int kUnsent = 4 * 1024;                  // bytes that are not sent yet

std::string addressOf(const net::ip::tcp::socket& socket) {
    error_code error;
    const auto endpoint = socket.remote_endpoint(error);
    return error ? "unknown" : endpoint.address().to_string();
}

/// Whether the other side has reset the connection.
bool isReset(net::ip::tcp::socket& socket) {
    pollfd descriptor{socket.native_handle(), 0, 0};
    return ::poll(&descriptor, 1, 0) > 0 && (descriptor.revents & (POLLERR | POLLHUP)) != 0;
}

/// What begins a method, and no record of TLS.
bool isLetter(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

}  // namespace

/// As long as it lives, the deadline closes the connection.
class Connection::Bounded {
public:
    explicit Bounded(Connection& connection) : m_connection(connection) {
        ++m_connection.m_bounded;
        if (Clock::now() >= m_connection.m_deadline) {
            m_connection.close();
        }
    }
    ~Bounded() { --m_connection.m_bounded; }
    Bounded(const Bounded&) = delete;
    Bounded& operator=(const Bounded&) = delete;

private:
    Connection& m_connection;
};

Connection::Connection(net::ip::tcp::socket socket, const std::shared_ptr<const tls::Context>& context)
    : m_socket(std::move(socket)),
      m_wake(m_socket.get_executor()),
      m_remote(addressOf(m_socket)),
      m_watchdog(m_socket.get_executor()),
      m_sent(m_socket.get_executor(), Clock::time_point::max()) {
    error_code ignored;
    m_socket.set_option(net::ip::tcp::no_delay(true), ignored);
    if (context) {
        m_channel = std::make_unique<tls::Channel>(context);
        m_encrypted.resize(kReadBytes);
    }
}

net::awaitable<Opening> Connection::open() {
    const Bounded bounded(*this);
    bool isFirst = true;
    while (m_channel && !m_channel->isReady()) {
        const error_code error = co_await feed();
        if (error) {
            co_return Opening::Failed;
        }
        if (std::exchange(isFirst, false) && isLetter(m_encrypted.front())) {
            m_channel.reset();
            co_return Opening::PlainText;
        }
        const tls::State state = m_channel->shakeHands();
        const bool isSent = co_await flush();
        if (state != tls::State::Open || !isSent) {
            co_return Opening::Failed;
        }
    }
    co_return Opening::Done;
}

void Connection::expireAfter(std::chrono::milliseconds time) {
    m_deadline = Clock::now() + time;
    m_watchdog.expires_at(m_deadline);
    m_watchdog.async_wait([weak = weak_from_this()](error_code error) {
        const auto self = weak.lock();
        if (self && !error && self->m_bounded > 0 && Clock::now() >= self->m_deadline) {
            self->close();
        }
    });
}

net::awaitable<std::size_t> Connection::readSome(net::mutable_buffer into) {
    if (m_isReadingAhead) {
        co_await finishReadingAhead();
        if (m_unread.empty()) {
            co_return 0;
        }
    }
    if (!m_unread.empty()) {
        const std::size_t count = net::buffer_copy(into, net::buffer(m_unread));
        m_unread.remove_prefix(count);
        co_return count;
    }
    if (m_hasEnded) {
        co_return 0;
    }
    const Bounded bounded(*this);
    const Received received = co_await receive(into);
    co_return received.error ? 0 : received.count;
}

/// The reading that a watch began has no deadline of its own.
net::awaitable<void> Connection::finishReadingAhead() {
    m_isReadingCancelled = false;
    while (m_isReadingAhead && !m_isReadingCancelled) {
        const bool isLate = co_await wait(m_deadline);
        if (isLate && m_isReadingAhead) {
            close();
            co_return;
        }
    }
}

net::awaitable<Connection::Received> Connection::receive(net::mutable_buffer into) {
    if (!m_channel) {
        const auto [error, count] = co_await m_socket.async_read_some(into, kAwait);
        co_return Received{count, error};
    }
    while (true) {
        const auto read = m_channel->read({static_cast<char*>(into.data()), into.size()});
        // Only what the reading itself gives rise to, an alert or a new key: else it would wait for a write.
        bool isSent = true;
        if (m_channel->hasOutput()) {
            isSent = co_await flush();
        }
        if (read.count > 0) {
            co_return Received{read.count, {}};
        }
        if (read.state == tls::State::Ended) {
            co_return Received{0, net::error::eof};
        }
        if (read.state == tls::State::Failed || !isSent) {
            co_return Received{0, net::error::connection_aborted};
        }
        const error_code error = co_await feed();
        if (error) {
            co_return Received{0, error};
        }
    }
}

/// Reads once, for the channel.
net::awaitable<error_code> Connection::feed() {
    const auto [error, count] = co_await m_socket.async_read_some(net::buffer(m_encrypted), kAwait);
    if (!error) {
        m_channel->feed({m_encrypted.data(), count});
    }
    co_return error;
}

void Connection::holdLittle() {
    ::setsockopt(m_socket.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kUnsent, sizeof kUnsent);
}

net::awaitable<bool> Connection::write(std::string_view text) {
    const Bounded bounded(*this);
    if (!m_channel) {
        const auto [error, count] = co_await net::async_write(m_socket, net::buffer(text), kAwait);
        co_return !error;
    }
    bool isOpen = true;
    while (isOpen && !text.empty()) {
        const std::string_view piece = text.substr(0, kRecordBytes);
        isOpen = m_channel->write(piece);
        const bool isSent = co_await flush();
        isOpen = isOpen && isSent;
        text.remove_prefix(piece.size());
    }
    co_return isOpen;
}

/// Sends what the channel has for the client, and returns when all of it has gone. A reading may have
/// something to send while a write is under way.
net::awaitable<bool> Connection::flush() {
    while (!m_isBroken && (m_isSending || m_channel->hasOutput())) {
        if (m_isSending) {
            co_await m_sent.async_wait(kAwait);
            continue;
        }
        m_isSending = true;
        m_output = m_channel->takeOutput();
        const auto [error, count] = co_await net::async_write(m_socket, net::buffer(m_output), kAwait);
        m_output = {};
        m_isSending = false;
        m_isBroken = m_isBroken || error;
        m_sent.cancel();
    }
    co_return !m_isBroken;
}

void Connection::watch() {
    watchForReset();
    if (m_isReadingAhead || !m_unread.empty() || m_hasEnded) {
        return;
    }
    m_isReadingAhead = true;
    net::co_spawn(m_socket.get_executor(), readAhead(shared_from_this()), net::detached);
}

net::awaitable<void> Connection::readAhead(std::shared_ptr<Connection> self) {
    const Received received = co_await self->receive(net::buffer(self->m_ahead));
    self->m_isReadingAhead = false;
    self->m_unread = {self->m_ahead.data(), received.count};
    if (received.error && received.error != net::error::operation_aborted) {
        self->m_hasEnded = true;
        self->m_hasGone = self->m_hasGone || received.error != net::error::eof;
    }
    self->m_wake.cancel();
}

/// Once bytes have been read ahead, no reading tells of it.
void Connection::watchForReset() {
    if (m_isWatchedForReset) {
        return;
    }
    m_isWatchedForReset = true;
    m_socket.async_wait(net::socket_base::wait_error, [self = shared_from_this()](error_code error) {
        self->m_isWatchedForReset = false;
        if (!error && isReset(self->m_socket)) {
            self->m_hasGone = true;
            self->m_wake.cancel();
        }
    });
}

net::awaitable<bool> Connection::wait(Clock::time_point until) {
    m_wake.expires_at(until);
    const auto [error] = co_await m_wake.async_wait(kAwait);
    co_return !error;
}

void Connection::cancelReading() {
    m_isReadingCancelled = true;
    error_code ignored;
    m_socket.cancel(ignored);
    m_wake.cancel();
}

net::awaitable<bool> Connection::endSending() {
    error_code error;
    if (m_channel) {
        const Bounded bounded(*this);
        m_channel->endSending();
        co_await flush();
    }
    m_socket.shutdown(net::ip::tcp::socket::shutdown_send, error);
    co_return !error;
}

void Connection::close() {
    error_code ignored;
    m_socket.close(ignored);
    m_watchdog.cancel();
    m_wake.cancel();
}

}  // namespace easel::http
