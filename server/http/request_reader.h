// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "server/http/connection.h"
#include "server/http/framing.h"
#include "server/http/request.h"
#include "server/http/response.h"
#include "server/http/response_writer.h"
#include "server/http/router.h"
#include "server/http/session_context.h"

namespace easel::http {

/// A request on its way, and what has been found out about it.
struct Incoming {
    Request request;
    Router::Match match;
    Response refusal;
    std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now();
    std::string failure;     ///< what an exception of the handler said
    bool keepAlive = false;  ///< the next request can be read after this one

    bool isHead() const { return request.method == "HEAD"; }
};

enum class Arrival {
    Whole,    ///< it is to be answered
    Refused,  ///< with Incoming::refusal; it may not have been read to its end
    Nobody,   ///< the client ended, or was too slow: there is nobody to tell
};

/// Reads one request after another from a connection, and judges them.
class RequestReader {
public:
    /// The writer is for asking a client that waits to be asked for its body.
    RequestReader(Connection& connection, ResponseWriter& writer, const SessionContext& context);

    boost::asio::awaitable<Arrival> read(Incoming& incoming);
    /// No request is begun any more.
    void stop();

private:
    boost::asio::awaitable<Arrival> readHead(Incoming& incoming);
    bool passEmptyLine();
    Arrival parseHead(Incoming& incoming, std::string_view head);
    bool goBelowBase(Request& request) const;
    Arrival judge(Incoming& incoming, std::string_view target);
    Arrival passGate(Incoming& incoming) const;
    Arrival route(Incoming& incoming) const;
    boost::asio::awaitable<Arrival> readBody(Incoming& incoming);
    boost::asio::awaitable<bool> askForBody(const Incoming& incoming);
    Arrival refuse(Incoming& incoming, int status, std::string detail) const;
    Arrival refuse(Incoming& incoming, Refusal refusal) const;

    std::string_view unread() const;

    Connection& m_connection;
    ResponseWriter& m_writer;
    const SessionContext& m_context;
    boost::beast::flat_buffer m_buffer;
    std::optional<boost::beast::http::request_parser<boost::beast::http::string_body>> m_parser;
    bool m_isUnasked = false;  // waits for a request of which nothing has come yet
    bool m_stopping = false;
};

}  // namespace easel::http
