// SPDX-License-Identifier: Apache-2.0
#include "server/http/session.h"

#include <algorithm>
#include <array>
#include <exception>
#include <utility>
#include <variant>

#include <boost/asio/post.hpp>
#include <boost/beast/core/read_size.hpp>
#include <boost/beast/http.hpp>

namespace easel::http {

namespace net = boost::asio;
namespace beast = boost::beast;

using Clock = std::chrono::steady_clock;
using Parser = beast::http::request_parser<beast::http::string_body>;

namespace {

constexpr std::size_t kHeadPiece = 4096;
constexpr std::size_t kBodyBuffer = 64UL * 1024;
/// How much of what a client still sends is read after a last answer, and for how long.
constexpr std::size_t kMaxLingerBytes = 16UL * 1024 * 1024;
constexpr std::chrono::seconds kLinger{2};
constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeartbeat = ":\n\n";
/// When to look whether a client that sends nothing more still waits. Most answers are quicker than the first
/// look; from it to the second the pause is as long as said here, then twice as long each time.
constexpr std::chrono::milliseconds kFirstProbe{500};
constexpr std::chrono::seconds kProbePause{2};
/// A status that is never sent: the client has gone, or says nothing, and there is nobody to tell.
constexpr int kNobodyThere = 0;

Refusal nobodyThere() {
    return {kNobodyThere, {}};
}

Refusal tooLarge(int status, const std::string& what, std::size_t limit) {
    return {status, "The " + what + " is larger than the " + std::to_string(limit) + " bytes that are read."};
}

}  // namespace

struct Session::Incoming {
    Parser parser;
    Request request;
    Router::Match match;
    Clock::time_point began = Clock::now();
    std::string failure;     // what an exception of the handler said
    bool keepAlive = false;  // the next request can be read after this one

    bool isHead() const { return request.method == "HEAD"; }
};

Session::Session(std::shared_ptr<Connection> connection, const SessionContext& context)
    : m_context(context),
      m_connection(std::move(connection)),
      m_buffer(context.options.maxHeaderBytes + kBodyBuffer),
      m_writer(*m_connection, context.options.writeTimeout),
      m_client(clientOf(m_connection->remote())) {}

net::awaitable<void> Session::run() {
    const auto self = shared_from_this();
    m_signal = std::make_shared<Signal>([weak = weak_from_this()] {
        if (const auto session = weak.lock()) {
            net::post(session->m_connection->executor(), [session] { session->m_connection->wake(); });
        }
    });
    try {
        while (co_await serveOne()) {
        }
        m_signal->cut();
    } catch (...) {
        m_signal->cut();
        m_connection->close();
        throw;
    }
    co_await close();
}

net::awaitable<void> Session::turnAway() {
    m_isLeaving = true;
    return sayFull();
}

net::awaitable<void> Session::sayFull() {
    const auto self = shared_from_this();
    const Incoming nothing;
    Response response = m_context.router.error(503, "Too many connections; try again in a moment.");
    response.headers.set("Retry-After", "1");
    co_await write(nothing, std::move(response));
    co_await close();
}

void Session::stop() {
    net::post(m_connection->executor(), [self = shared_from_this()] {
        self->m_stopping = true;
        self->m_connection->wake();
        if (self->m_isUnasked) {
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

void Session::enter(Stage stage) {
    m_since = Clock::now();
    m_stage = stage;
}

net::awaitable<bool> Session::serveOne() {
    enter(Stage::Idle);
    Incoming incoming;
    std::optional<Refusal> refusal = co_await readHead(incoming);
    if (!refusal) {
        refusal = understandHead(incoming);
    }
    if (!refusal) {
        refusal = co_await readBody(incoming);
    }
    if (m_isCutOff) {
        co_return false;  // it has had to make room meanwhile
    }
    enter(Stage::Answering);
    if (!refusal) {
        co_return co_await answer(incoming);
    }
    if (refusal->status != kNobodyThere) {
        Response response = m_context.router.error(refusal->status, refusal->detail);
        if (refusal->status == 405) {
            response.headers.set("Allow", incoming.match.allow);
        }
        co_return co_await write(incoming, std::move(response));
    }
    co_return false;
}

net::awaitable<std::optional<Refusal>> Session::readHead(Incoming& incoming) {
    const ListenerOptions& options = m_context.options;
    std::size_t seen = 0;
    bool mayBeEmpty = true;
    m_connection->expireAfter(m_buffer.size() > 0 ? options.headerTimeout : options.idleTimeout);
    while (true) {
        std::string_view bytes(static_cast<const char*>(m_buffer.data().data()), m_buffer.size());
        // One empty line before a request is passed over: some clients end a body with one (RFC 9112, 2.2).
        if (mayBeEmpty && bytes.starts_with(kLineEnd)) {
            mayBeEmpty = false;
            m_buffer.consume(kLineEnd.size());
            bytes.remove_prefix(kLineEnd.size());
            seen = 0;
            m_connection->expireAfter(bytes.empty() ? options.idleTimeout : options.headerTimeout);
        }
        const auto end = findHeadEnd(bytes.substr(0, options.maxHeaderBytes), seen);
        if (!end) {
            co_return end.error();
        }
        if (*end) {
            if (auto refusal = checkHead(bytes.substr(0, **end))) {
                co_return refusal;
            }
            beast::error_code error;
            incoming.parser.header_limit(static_cast<std::uint32_t>(options.maxHeaderBytes));
            incoming.parser.body_limit(options.maxBodyBytes);
            m_buffer.consume(incoming.parser.put(net::buffer(bytes.substr(0, **end)), error));
            if (error == beast::http::error::body_limit) {
                co_return tooLarge(413, "body", m_context.options.maxBodyBytes);
            }
            if (error || !incoming.parser.is_header_done()) {
                co_return Refusal{400, "The head of the request cannot be read."};
            }
            co_return std::nullopt;
        }
        seen = bytes.size();
        if (seen >= options.maxHeaderBytes) {
            co_return tooLarge(431, "head", options.maxHeaderBytes);
        }
        if (seen == 0 && m_stopping) {
            co_return nobodyThere();
        }
        m_isUnasked = seen == 0;
        const std::size_t count = co_await m_connection->readSome(m_buffer.prepare(kHeadPiece));
        m_isUnasked = false;
        m_buffer.commit(count);
        if (count == 0) {
            co_return nobodyThere();
        }
        if (seen == 0) {
            incoming.began = Clock::now();
            m_connection->expireAfter(options.headerTimeout);
        }
    }
}

std::optional<Refusal> Session::understandHead(Incoming& incoming) const {
    const auto& message = incoming.parser.get();
    Request& request = incoming.request;
    request.peer = peerOf(m_connection->remote());
    const auto text = [](auto view) { return std::string(view.data(), view.size()); };
    request.method = text(message.method_string());
    for (const auto& field : message) {
        request.headers.add(text(field.name_string()), text(field.value()));
    }
    auto target = parseTarget(text(message.target()));
    if (!target) {
        return Refusal{400, target.error()};
    }
    const std::string host =
        target->authority.empty() ? text(message[beast::http::field::host]) : target->authority;
    const bool isNameless = message.version() == 10 && host.empty();
    if (!isNameless && !isAllowedHost(host, m_context.hosts)) {
        return Refusal{421, "This server does not answer to the name in the Host field."};
    }
    request.path = std::move(target->path);
    request.query = std::move(target->query);
    incoming.match = m_context.router.match(request.method, request.path);

    const bool isSafe = request.method == "GET" || request.method == "HEAD" || request.method == "OPTIONS";
    const auto origin = request.headers.find("Origin");
    request.isOfOtherOrigin = origin && !isSameOrigin(*origin, host);
    if (!isSafe && request.isOfOtherOrigin) {
        return Refusal{403, "Pages of other origins may not change anything here."};
    }
    // An answer may come before the body only where there is none; else the connection ends with it.
    const bool hasNoBody = incoming.parser.is_done() ||
                           (!incoming.parser.chunked() && incoming.parser.content_length().value_or(0) == 0);
    incoming.keepAlive = hasNoBody && incoming.parser.keep_alive();
    if (request.method == "OPTIONS" && (request.path == "*" || !incoming.match.allow.empty())) {
        return {};
    }
    if (incoming.match.allow.empty()) {
        return Refusal{404, "There is nothing at " + request.path + "."};
    }
    if (!incoming.match.handler) {
        return Refusal{405, request.path + " knows only " + incoming.match.allow + "."};
    }
    const auto expect = request.headers.find("Expect");
    if (expect && !equalsIgnoringCase(*expect, "100-continue")) {
        return Refusal{417, "The only expectation that is met is 100-continue."};
    }
    request.params = incoming.match.params;
    return {};
}

net::awaitable<std::optional<Refusal>> Session::readBody(Incoming& incoming) {
    Parser& parser = incoming.parser;
    incoming.keepAlive = false;  // until the body has been read whole
    m_connection->expireAfter(m_context.options.bodyTimeout);
    if (!parser.is_done() && incoming.request.headers.find("Expect") && parser.get().version() == 11) {
        if (!co_await m_writer.writeText("HTTP/1.1 100 Continue\r\n\r\n")) {
            co_return nobodyThere();
        }
        m_connection->expireAfter(m_context.options.bodyTimeout);
    }
    // Chunk extensions mean nothing here, and parsers disagree about them.
    auto onChunk = [](std::uint64_t, auto extensions, beast::error_code& error) {
        if (!extensions.empty()) {
            error = beast::http::error::bad_chunk_extension;
        }
    };
    parser.on_chunk_header(onChunk);
    parser.eager(true);
    while (!parser.is_done()) {
        beast::error_code error;
        m_buffer.consume(parser.put(m_buffer.cdata(), error));
        if (error == beast::http::error::body_limit) {
            co_return tooLarge(413, "body", m_context.options.maxBodyBytes);
        }
        const std::size_t room = beast::read_size(m_buffer, kBodyBuffer);
        if ((error && error != beast::http::error::need_more) || room == 0) {
            co_return Refusal{400, "The body of the request cannot be read."};
        }
        if (!parser.is_done()) {
            const std::size_t count = co_await m_connection->readSome(m_buffer.prepare(room));
            if (count == 0) {
                co_return nobodyThere();
            }
            m_buffer.commit(count);
        }
    }
    incoming.request.body = std::move(parser.get().body());
    incoming.keepAlive = parser.keep_alive();
    co_return std::nullopt;
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
    const auto exchange = std::make_shared<Exchange>(m_signal, m_context.options.maxUnsentEventBytes);
    try {
        (*incoming.match.handler)(incoming.request, Responder(exchange));
    } catch (const std::exception& exception) {
        incoming.failure = exception.what();
        exchange->abandon();
    }
    co_await waitFor(*exchange);
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
    Response response = m_context.router.error(500, "The request could not be answered.");
    co_return co_await write(incoming, std::move(response));
}

net::awaitable<void> Session::waitFor(Exchange& exchange) {
    if (exchange.isAnswered()) {
        co_return;
    }
    m_connection->watch();
    std::optional<Clock::time_point> nextProbe;
    std::chrono::seconds pause = kProbePause;
    while (!exchange.isAnswered() && !isGone()) {
        const bool probes = m_connection->hasEnded() && m_writer.canProbe();
        if (probes && !nextProbe) {
            nextProbe = Clock::now() + kFirstProbe;
        }
        if (probes && *nextProbe <= Clock::now()) {
            m_isCutOff = !co_await m_writer.probe();
            nextProbe = Clock::now() + pause;
            pause *= 2;
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
    const bool written = co_await m_writer.write(response, incoming.isHead(), keepAlive);
    co_return keepAlive&& written;
}

net::awaitable<bool> Session::writeStream(const Incoming& incoming, EventBuffer& events) {
    // No length and no chunks: the stream ends with the connection.
    note(incoming, 200);
    const std::string head =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
        "X-Content-Type-Options: nosniff\r\nX-Accel-Buffering: no\r\nConnection: close\r\nDate: " +
        httpDate() + "\r\n\r\n";
    enter(Stage::Streaming);
    bool open = co_await m_writer.writeHead(head);
    open = open && !incoming.isHead();
    if (open) {
        m_connection->watch();
    }
    bool isProbed = false;
    while (open && !isGone()) {
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
    const bool isOpen = co_await m_connection->endSending();
    m_connection->expireAfter(kLinger);
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
        m_context.options.onAccess({m_connection->remote(), incoming.request.method, incoming.request.path,
                                    status, took, incoming.failure});
    }
}

}  // namespace easel::http
