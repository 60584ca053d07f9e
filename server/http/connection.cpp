// SPDX-License-Identifier: Apache-2.0
#include "server/http/connection.h"

#include <poll.h>

#include <algorithm>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace easel::http {

namespace net = boost::asio;
namespace beast = boost::beast;

using Clock = std::chrono::steady_clock;

namespace {

constexpr auto kAwait = net::as_tuple(net::use_awaitable);

std::string addressOf(const net::ip::tcp::socket& socket) {
    beast::error_code error;
    const auto endpoint = socket.remote_endpoint(error);
    return error ? "unknown" : endpoint.address().to_string();
}

/// Whether the other side has reset the connection.
bool isReset(net::ip::tcp::socket& socket) {
    pollfd descriptor{socket.native_handle(), 0, 0};
    return ::poll(&descriptor, 1, 0) > 0 && (descriptor.revents & (POLLERR | POLLHUP)) != 0;
}

}  // namespace

Connection::Connection(net::ip::tcp::socket socket)
    : m_stream(std::move(socket)), m_wake(m_stream.get_executor()), m_remote(addressOf(m_stream.socket())) {
    beast::error_code ignored;
    m_stream.socket().set_option(net::ip::tcp::no_delay(true), ignored);
}

void Connection::expireAfter(std::chrono::milliseconds time) {
    m_deadline = Clock::now() + time;
    m_stream.expires_after(time);
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
    const auto [error, count] = co_await m_stream.async_read_some(into, kAwait);
    co_return error ? 0 : count;
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

net::awaitable<bool> Connection::write(std::string_view text) {
    const auto [error, count] = co_await net::async_write(m_stream, net::buffer(text), kAwait);
    co_return !error;
}

void Connection::watch() {
    watchForReset();
    if (m_isReadingAhead || !m_unread.empty() || m_hasEnded) {
        return;
    }
    m_isReadingAhead = true;
    m_stream.expires_never();
    m_stream.async_read_some(net::buffer(m_ahead),
                             [self = shared_from_this()](beast::error_code error, std::size_t count) {
                                 self->m_isReadingAhead = false;
                                 self->m_unread = {self->m_ahead.data(), count};
                                 if (error && error != net::error::operation_aborted) {
                                     self->m_hasEnded = true;
                                     self->m_hasGone = self->m_hasGone || error != net::error::eof;
                                 }
                                 self->m_wake.cancel();
                             });
}

/// Once bytes have been read ahead, no reading tells of it.
void Connection::watchForReset() {
    if (m_isWatchedForReset) {
        return;
    }
    m_isWatchedForReset = true;
    auto& socket = m_stream.socket();
    socket.async_wait(net::socket_base::wait_error, [self = shared_from_this()](beast::error_code error) {
        self->m_isWatchedForReset = false;
        if (!error && isReset(self->m_stream.socket())) {
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
    m_stream.cancel();
    m_wake.cancel();
}

net::awaitable<bool> Connection::endSending() {
    beast::error_code error;
    m_stream.socket().shutdown(net::ip::tcp::socket::shutdown_send, error);
    co_return !error;
}

void Connection::close() {
    m_stream.close();
    m_wake.cancel();
}

}  // namespace easel::http
