// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>

#include "server/http/connection.h"
#include "server/http/response.h"

namespace easel::http {

/// Now, as a Date field has it.
std::string httpDate();

/// Writes to one connection, piece by piece, so that a client that stops reading is noticed in time.
/// Every answer is false when the connection has ended.
class ResponseWriter {
public:
    ResponseWriter(Connection& connection, std::chrono::milliseconds timeout)
        : m_connection(connection), m_timeout(timeout) {}

    /// `isHead`: the request was HEAD, so the body stays here.
    boost::asio::awaitable<bool> write(const Response& response, bool isHead, bool keepAlive);
    /// The head of an answer that the caller has written out itself.
    boost::asio::awaitable<bool> writeHead(std::string_view head);
    boost::asio::awaitable<bool> writeText(std::string_view text);

    /// Sends one byte more of what every answer begins with, which tells a client that only waits from one
    /// that has gone: the machine of the latter resets the connection.
    boost::asio::awaitable<bool> probe();
    bool canProbe() const;

private:
    boost::asio::awaitable<bool> writeRange(const FileRange& range);

    Connection& m_connection;
    const std::chrono::milliseconds m_timeout;  // for one piece
    std::size_t m_begun = 0;                    // bytes of the next answer that were sent as probes
};

}  // namespace easel::http
