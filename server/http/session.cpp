// SPDX-License-Identifier: Apache-2.0
#include "server/http/session.h"

#include <algorithm>
#include <array>
#include <exception>
#include <utility>
#include <variant>

#include <boost/asio/post.hpp>

#include "server/http/request_id.h"
#include "shared/process/backoff.h"

namespace easel::http {

namespace net = boost::asio;

using Clock = std::chrono::steady_clock;

namespace {

/// How much of what a client still sends is read after a last answer, and for how long.
constexpr std::size_t kMaxLingerBytes = 16UL * 1024 * 1024;
constexpr std::chrono::seconds kLinger{2};
constexpr std::string_view kHeartbeat = ":\n\n";
/// When to look whether a client that sends nothing more still waits. Most answers are quicker than the first
/// look; from it to the second the pause is as long as said here, then twice as long each time.
constexpr std::chrono::milliseconds kFirstProbe{500};
constexpr std::chrono::seconds kProbePause{2};
/// A status that is never sent: the client has gone, or says nothing, and there is nobody to tell.
constexpr int kNobodyThere = 0;

}  // namespace

Session::Session(std::shared_ptr<Connection> connection, const SessionContext& context)
    : m_context(context),
      m_connection(std::move(connection)),
      m_writer(*m_connection, context.options.writeTimeout),
      m_reader(*m_connection, m_writer, context),
      m_client(clientOf(m_connection->remote())) {}

net::awaitable<void> Session::run() {
    const auto self = shared_from_this();
    const auto calling = [weak = weak_from_this()](auto call) {
        return std::make_shared<Signal>([weak, call] {
            if (const auto session = weak.lock()) {
                net::post(session->m_connection->executor(), [session, call] { call(*session); });
            }
        });
    };
    m_signal = calling([](Session& session) { session.m_connection->wake(); });
    m_recall = calling([](Session& session) { session.onRecall(); });
    try {
        bool goesOn = co_await open(m_context.options.headerTimeout);
        while (goesOn) {
            goesOn = co_await serveOne();
        }
        m_signal->cut();
        m_recall->cut();
    } catch (...) {
        m_signal->cut();
        m_recall->cut();
        m_connection->close();
        throw;
    }
    co_await close();
}

/// Whether there is somebody to read requests from.
net::awaitable<bool> Session::open(std::chrono::milliseconds time) {
    if (m_stopping) {
        co_return false;
    }
    m_connection->expireAfter(time);
    m_isOpening = true;
    const Opening opening = co_await m_connection->open();
    m_isOpening = false;
    Incoming nothing;
    if (opening == Opening::PlainText && !m_isCutOff) {
        co_await write(nothing, m_context.router.error({}, 400, "This port speaks TLS: ask for https://."));
    }
    nothing.failure = m_connection->failure();
    if (!nothing.failure.empty()) {
        note(nothing, kNobodyThere);
    }
    co_return opening == Opening::Done && !m_isCutOff;
}

net::awaitable<void> Session::turnAway() {
    m_isLeaving = true;
    return sayFull();
}

net::awaitable<void> Session::sayFull() {
    const auto self = shared_from_this();
    const bool isOpen =
        co_await open(std::min<std::chrono::milliseconds>(kLinger, m_context.options.headerTimeout));
    if (isOpen) {
        const Incoming nothing;
        Response response = m_context.router.error({}, 503, "Too many connections; try again in a moment.");
        response.headers.set("Retry-After", "1");
        co_await write(nothing, std::move(response));
    }
    co_await close();
}

void Session::stop() {
    net::post(m_connection->executor(), [self = shared_from_this()] {
        self->m_stopping = true;
        self->m_connection->wake();
        self->m_reader.stop();
        if (self->m_isOpening) {
            self->m_connection->cancelReading();
        }
    });
}

void Session::abort() {
    net::post(m_connection->executor(), [self = shared_from_this()] {
        self->m_stopping = true;
        self->m_isCutOff = true;
        self->m_connection->close();
    });
}

void Session::makeRoom() {
    m_isLeaving = true;
    net::post(m_connection->executor(), [self = shared_from_this()] {
        if (self->m_stage == Stage::Answering) {
            self->m_isLeaving = false;
            return;
        }
        self->m_isCutOff = true;
        self->m_connection->close();
    });
}

bool Session::isRecalled() const {
    return m_leave && m_leave->isTakenBack();
}

void Session::onRecall() {
    if (!isRecalled()) {
        return;  // whoever that was, it is another's turn now
    }
    if (m_stage == Stage::Streaming) {
        m_isCutOff = true;
        m_connection->close();
    }
    m_connection->wake();
}

void Session::enter(Stage stage) {
    m_since = Clock::now();
    m_stage = stage;
}

net::awaitable<bool> Session::serveOne() {
    enter(Stage::Idle);
    Incoming incoming;
    incoming.request.id = newRequestId();
    const Arrival arrival = co_await m_reader.read(incoming);
    if (m_isCutOff || arrival == Arrival::Nobody) {
        co_return false;  // it has had to make room meanwhile, or has gone
    }
    enter(Stage::Answering);
    if (arrival == Arrival::Refused) {
        co_return co_await write(incoming, std::move(incoming.refusal));
    }
    m_leave = incoming.request.caller.leave;
    if (m_leave) {
        m_leave->tell(m_recall);
    }
    const bool goesOn = co_await answer(incoming);
    m_leave.reset();
    co_return goesOn;
}

net::awaitable<bool> Session::answer(Incoming& incoming) {
    if (incoming.request.method == "OPTIONS") {
        const std::string allow =
            incoming.match.allow.empty() ? "GET, HEAD, POST, DELETE, OPTIONS" : incoming.match.allow;
        Response response;
        response.status = 204;
        response.headers.set("Allow", allow);
        co_return co_await write(incoming, std::move(response));
    }
    if (isRecalled()) {
        co_return co_await sayRecalled(incoming);
    }
    const auto exchange = std::make_shared<Exchange>(m_signal, m_context.options.maxUnsentEventBytes);
    try {
        (*incoming.match.handler)(incoming.request, Responder(exchange));
    } catch (const std::exception& exception) {
        incoming.failure = exception.what();
        exchange->abandon();
    }
    co_await waitFor(*exchange);
    if (isRecalled() && !isGone() && !exchange->isAnswered()) {
        exchange->disconnect();
        co_return co_await sayRecalled(incoming);
    }
    if (isGone() || !exchange->isAnswered()) {
        exchange->disconnect();
        note(incoming, kNobodyThere);
        co_return false;
    }
    Exchange::Answer answer = exchange->take();
    if (auto* response = std::get_if<Response>(&answer)) {
        co_return co_await write(incoming, std::move(*response));
    }
    if (auto* events = std::get_if<std::shared_ptr<EventBuffer>>(&answer)) {
        co_return co_await writeStream(incoming, **events);
    }
    Response response =
        m_context.router.error(incoming.request.path, 500, "The request could not be answered.");
    co_return co_await write(incoming, std::move(response));
}

net::awaitable<bool> Session::sayRecalled(Incoming& incoming) {
    incoming.keepAlive = false;
    Response response =
        m_context.router.error(incoming.request.path, 401, "Whoever asked may not come in any more.");
    response.headers.set("WWW-Authenticate", "Bearer");
    co_return co_await write(incoming, std::move(response));
}

net::awaitable<void> Session::waitFor(Exchange& exchange) {
    if (exchange.isAnswered()) {
        co_return;
    }
    m_connection->watch();
    std::optional<Clock::time_point> nextProbe;
    process::Backoff pauses(kProbePause);
    while (!exchange.isAnswered() && !isGone() && !isRecalled()) {
        const bool probes = m_connection->hasEnded() && m_writer.canProbe();
        if (probes && !nextProbe) {
            nextProbe = Clock::now() + kFirstProbe;
        }
        if (probes && *nextProbe <= Clock::now()) {
            m_isCutOff = !co_await m_writer.probe();
            nextProbe = Clock::now() + pauses.next();
            continue;
        }
        co_await m_connection->wait(probes ? *nextProbe : Clock::time_point::max());
    }
}

bool Session::isGone() const {
    return m_isCutOff || m_connection->hasGone();
}

net::awaitable<bool> Session::write(const Incoming& incoming, Response response) {
    const bool keepAlive = incoming.keepAlive && !m_stopping;
    note(incoming, response.status);
    if (!incoming.request.id.empty()) {
        response.headers.set(kRequestIdField, incoming.request.id);
    }
    const bool written = co_await m_writer.write(response, incoming.isHead(), keepAlive);
    co_return keepAlive&& written;
}

net::awaitable<bool> Session::writeStream(const Incoming& incoming, EventBuffer& events) {
    // No length and no chunks: the stream ends with the connection.
    note(incoming, 200);
    const std::string head =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
        "X-Content-Type-Options: nosniff\r\nX-Accel-Buffering: no\r\nConnection: close\r\n" +
        std::string(kRequestIdField) + ": " + incoming.request.id + "\r\nDate: " + httpDate() + "\r\n\r\n";
    enter(Stage::Streaming);
    m_connection->holdLittle();
    bool open = co_await m_writer.writeHead(head);
    open = open && !incoming.isHead();
    if (open) {
        m_connection->watch();
    }
    bool isProbed = false;
    while (open && !isGone() && !isRecalled()) {
        const bool isLast = events.isClosed();  // asked first: what is sent until then is taken below
        std::string text = events.take();
        if (text.empty()) {
            if (isLast || m_stopping) {
                break;
            }
            if (!m_connection->hasEnded() || isProbed) {
                const bool isDue = co_await m_connection->wait(Clock::now() + m_context.options.heartbeat);
                if (!isDue) {
                    continue;
                }
            }
            isProbed = m_connection->hasEnded();
            text = kHeartbeat;
        }
        open = co_await m_writer.writeText(text);
    }
    events.end();
    co_return false;
}

net::awaitable<void> Session::close() {
    // A client that is still sending would lose our answer to a reset; what it sends is read for a moment
    // and thrown away.
    enter(Stage::Idle);
    m_connection->expireAfter(kLinger);
    const bool isOpen = co_await m_connection->endSending();
    std::array<char, 4096> scrap{};
    for (std::size_t read = 0; isOpen && !m_stopping && read < kMaxLingerBytes;) {
        const std::size_t count = co_await m_connection->readSome(net::buffer(scrap));
        if (count == 0) {
            break;
        }
        read += count;
    }
    m_connection->close();
}

void Session::note(const Incoming& incoming, int status) const {
    if (m_context.options.onAccess) {
        const auto took =
            std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - incoming.began);
        m_context.options.onAccess(
            {incoming.request.id,
             incoming.request.remote.empty() ? m_connection->remote() : incoming.request.remote,
             incoming.request.method, incoming.request.path, incoming.match.pattern, status, took,
             incoming.failure});
    }
}

}  // namespace easel::http
