// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include "server/http/response.h"

namespace easel::http {

/// Now, as a Date field has it.
std::string httpDate();

/// Writes to one connection, piece by piece, so that a client that stops reading is noticed in time.
/// Every answer is false when the connection has ended.
class ResponseWriter {
public:
    ResponseWriter(boost::beast::tcp_stream& stream, std::chrono::milliseconds timeout)
        : m_stream(stream), m_timeout(timeout) {}

    /// `isHead`: the request was HEAD, so the body stays here.
    boost::asio::awaitable<bool> write(const Response& response, bool isHead, bool keepAlive);
    boost::asio::awaitable<bool> writeText(std::string_view text);

private:
    boost::asio::awaitable<bool> writeRange(const FileRange& range);

    boost::beast::tcp_stream& m_stream;
    const std::chrono::milliseconds m_timeout;  // for one piece
};

}  // namespace easel::http
