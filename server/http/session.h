// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "server/http/connection.h"
#include "server/http/exchange.h"
#include "server/http/request_reader.h"
#include "server/http/response.h"
#include "server/http/response_writer.h"
#include "server/http/session_context.h"
#include "server/http/standing.h"

namespace easel::http {

/// One connection: reads requests one after another, has each answered, writes the answer. A coroutine on
/// a strand of its own; owned by that coroutine, known to the listener.
class Session : public std::enable_shared_from_this<Session> {
public:
    Session(std::shared_ptr<Connection> connection, const SessionContext& context);

    /// Serves the connection to its end.
    boost::asio::awaitable<void> run();
    /// Says 503 and closes.
    boost::asio::awaitable<void> turnAway();
    /// Ends after the request in flight. Any thread.
    void stop();
    /// Ends now. Any thread.
    void abort();

    /// What decides whether it must make room for another. Any thread.
    Standing standing() const { return {m_client, m_stage, m_since}; }
    /// Ends now, for another connection, unless a whole request has just come. Any thread.
    void makeRoom();
    /// Whether it is on its way out and holds no place any more. Any thread.
    bool isLeaving() const { return m_isLeaving; }

private:
    boost::asio::awaitable<bool> open(std::chrono::milliseconds time);
    boost::asio::awaitable<void> sayFull();
    boost::asio::awaitable<bool> serveOne();
    boost::asio::awaitable<bool> answer(Incoming& incoming);
    boost::asio::awaitable<bool> sayRecalled(Incoming& incoming);
    boost::asio::awaitable<void> waitFor(Exchange& exchange);

    boost::asio::awaitable<bool> write(const Incoming& incoming, Response response);
    boost::asio::awaitable<bool> writeStream(const Incoming& incoming, EventBuffer& events);
    boost::asio::awaitable<void> close();

    bool isGone() const;
    bool isRecalled() const;
    void onRecall();
    void enter(Stage stage);
    void note(const Incoming& incoming, int status) const;

    const SessionContext& m_context;
    const std::shared_ptr<Connection> m_connection;
    ResponseWriter m_writer;
    RequestReader m_reader;
    std::shared_ptr<Signal> m_signal;
    std::shared_ptr<Signal> m_recall;
    std::shared_ptr<Leave> m_leave;  // of who is being answered
    std::string m_client;
    std::atomic<Stage> m_stage = Stage::Idle;
    std::atomic<std::chrono::steady_clock::time_point> m_since = std::chrono::steady_clock::now();
    std::atomic<bool> m_isLeaving = false;
    bool m_isOpening = false;  // shakes hands
    bool m_stopping = false;
    bool m_isCutOff = false;  // nobody is left to answer to, whatever the client does
};

}  // namespace easel::http
