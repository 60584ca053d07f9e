// SPDX-License-Identifier: Apache-2.0
#include "server/http/request_reader.h"

#include <cstdint>
#include <exception>
#include <utility>

#include <boost/beast/core/read_size.hpp>

#include "server/http/request_id.h"
#include "server/http/standing.h"

namespace easel::http {

namespace net = boost::asio;
namespace beast = boost::beast;

namespace {

constexpr std::size_t kHeadPiece = 4096;
constexpr std::size_t kBodyBuffer = 64UL * 1024;
constexpr std::size_t kTimedPart = 1024UL * 1024;
constexpr std::string_view kLineEnd = "\r\n";

Refusal tooLarge(int status, const std::string& what, std::size_t limit) {
    return {status, "The " + what + " is larger than the " + std::to_string(limit) + " bytes that are read."};
}

std::string text(beast::string_view view) {
    return {view.data(), view.size()};
}

bool isSafe(std::string_view method) {
    return method == "GET" || method == "HEAD" || method == "OPTIONS";
}

}  // namespace

RequestReader::RequestReader(Connection& connection, ResponseWriter& writer, const SessionContext& context)
    : m_connection(connection),
      m_writer(writer),
      m_context(context),
      m_buffer(context.options.maxHeaderBytes + kBodyBuffer) {}

net::awaitable<Arrival> RequestReader::read(Incoming& incoming) {
    m_parser.emplace();
    Arrival arrival = co_await readHead(incoming);
    if (arrival == Arrival::Whole) {
        arrival = co_await readBody(incoming);
    }
    m_parser.reset();
    co_return arrival;
}

void RequestReader::stop() {
    m_stopping = true;
    if (m_isUnasked) {
        m_connection.cancelReading();
    }
}

net::awaitable<Arrival> RequestReader::readHead(Incoming& incoming) {
    const ListenerOptions& options = m_context.options;
    std::size_t seen = 0;
    bool mayBeEmpty = true;
    m_connection.expireAfter(unread().empty() ? options.idleTimeout : options.headerTimeout);
    while (true) {
        if (mayBeEmpty && passEmptyLine()) {
            mayBeEmpty = false;
            seen = 0;
        }
        const std::string_view bytes = unread();
        const auto end = findHeadEnd(bytes.substr(0, options.maxHeaderBytes), seen);
        if (!end) {
            co_return refuse(incoming, end.error());
        }
        if (*end) {
            co_return parseHead(incoming, bytes.substr(0, **end));
        }
        seen = bytes.size();
        if (seen >= options.maxHeaderBytes) {
            co_return refuse(incoming, tooLarge(431, "head", options.maxHeaderBytes));
        }
        if (seen == 0 && m_stopping) {
            co_return Arrival::Nobody;
        }
        m_isUnasked = seen == 0;
        const std::size_t count = co_await m_connection.readSome(m_buffer.prepare(kHeadPiece));
        m_isUnasked = false;
        m_buffer.commit(count);
        if (count == 0) {
            co_return Arrival::Nobody;
        }
        if (seen == 0) {
            incoming.began = std::chrono::steady_clock::now();
            m_connection.expireAfter(options.headerTimeout);
        }
    }
}

/// One empty line before a request is passed over: some clients end a body with one (RFC 9112, 2.2).
bool RequestReader::passEmptyLine() {
    if (!unread().starts_with(kLineEnd)) {
        return false;
    }
    m_buffer.consume(kLineEnd.size());
    m_connection.expireAfter(unread().empty() ? m_context.options.idleTimeout
                                              : m_context.options.headerTimeout);
    return true;
}

Arrival RequestReader::parseHead(Incoming& incoming, std::string_view head) {
    if (auto refusal = checkHead(head)) {
        return refuse(incoming, std::move(*refusal));
    }
    beast::error_code error;
    m_parser->header_limit(static_cast<std::uint32_t>(m_context.options.maxHeaderBytes));
    m_parser->body_limit(boost::none);  // it depends on the path
    m_buffer.consume(m_parser->put(net::buffer(head), error));
    if (error || !m_parser->is_header_done()) {
        return refuse(incoming, 400, "The head of the request cannot be read.");
    }
    const auto& message = m_parser->get();
    Request& request = incoming.request;
    request.method = text(message.method_string());
    for (const auto& field : message) {
        request.headers.add(text(field.name_string()), text(field.value()));
    }
    if (const auto id = request.headers.find(kRequestIdField); id && isRequestId(*id)) {
        request.id = *id;
    }
    return judge(incoming, text(message.target()));
}

/// What the path is below the address that people know; false when that was asked for without its last slash.
bool RequestReader::goBelowBase(Request& request) const {
    request.base = m_context.options.publicUrl.path;
    if (request.base.empty() || !request.path.starts_with(request.base)) {
        return true;  // a proxy may have taken it off
    }
    if (request.path.size() == request.base.size()) {
        return false;
    }
    if (request.path[request.base.size()] == '/') {
        request.path.erase(0, request.base.size());
    }
    return true;
}

Arrival RequestReader::judge(Incoming& incoming, std::string_view targetText) {
    Request& request = incoming.request;
    auto target = parseTarget(targetText);
    if (!target) {
        return refuse(incoming, 400, target.error());
    }
    request.path = std::move(target->path);
    request.query = std::move(target->query);
    auto forwarded = m_context.options.trustedProxies.look(m_connection.remote(), request.headers);
    request.remote = std::move(forwarded.client);
    request.peer = peerOf(request.remote);
    request.isSecure = forwarded.isSecure || m_connection.isEncrypted();
    const std::string host = !forwarded.host.empty() ? forwarded.host
                             : target->authority.empty()
                                 ? std::string(request.headers.find("Host").value_or(""))
                                 : target->authority;
    const bool isNameless = m_parser->get().version() == 10 && host.empty();
    if (!isNameless && !isAllowedHost(host, m_context.hosts)) {
        return refuse(incoming, 421, "This server does not answer to the name in the Host field.");
    }
    const auto origin = request.headers.find("Origin");
    const PublicUrl& known = m_context.options.publicUrl;
    request.isOfOtherOrigin = origin && !isSameOrigin(*origin, host, request.isSecure ? "https" : "http") &&
                              !isSameOrigin(*origin, known.authority, known.scheme);
    if (!isSafe(request.method) && request.isOfOtherOrigin) {
        return refuse(incoming, 403, "Pages of other origins may not change anything here.");
    }
    // An answer may come before the body only where there is none; else the connection ends with it.
    const bool hasNoBody =
        m_parser->is_done() || (!m_parser->chunked() && m_parser->content_length().value_or(0) == 0);
    incoming.keepAlive = hasNoBody && m_parser->keep_alive();
    if (!goBelowBase(request)) {
        refuse(incoming, 308, "The address ends with a slash.");
        incoming.refusal.headers.set("Location", request.base + "/");
        return Arrival::Refused;
    }
    const Arrival arrival = passGate(incoming);
    return arrival == Arrival::Whole ? route(incoming) : arrival;
}

Arrival RequestReader::passGate(Incoming& incoming) const {
    const Gate& gate = m_context.router.mountOf(incoming.request.path).gate;
    if (!gate) {
        return Arrival::Whole;
    }
    try {
        auto caller = gate(incoming.request);
        if (!caller) {
            incoming.refusal = std::move(caller.error());
            return Arrival::Refused;
        }
        incoming.request.caller = std::move(*caller);
        return Arrival::Whole;
    } catch (const std::exception& exception) {
        incoming.failure = exception.what();
        return refuse(incoming, 500, "Whether this request may pass could not be found out.");
    }
}

Arrival RequestReader::route(Incoming& incoming) const {
    Request& request = incoming.request;
    Router::Match& match = incoming.match;
    match = m_context.router.match(request.method, request.path);
    if (request.method == "OPTIONS" && (request.path == "*" || !match.allow.empty())) {
        return Arrival::Whole;
    }
    if (match.allow.empty()) {
        return refuse(incoming, 404, "There is nothing at " + request.path + ".");
    }
    if (!match.handler) {
        const Arrival refused = refuse(incoming, 405, request.path + " knows only " + match.allow + ".");
        incoming.refusal.headers.set("Allow", match.allow);
        return refused;
    }
    const auto expect = request.headers.find("Expect");
    if (expect && !equalsIgnoringCase(*expect, "100-continue")) {
        return refuse(incoming, 417, "The only expectation that is met is 100-continue.");
    }
    request.params = match.params;
    return Arrival::Whole;
}

net::awaitable<Arrival> RequestReader::readBody(Incoming& incoming) {
    incoming.keepAlive = false;  // until the body has been read whole
    const std::size_t limit =
        incoming.match.maxBodyBytes.value_or(m_context.router.mountOf(incoming.request.path).maxBodyBytes);
    if (m_parser->content_length().value_or(0) > limit) {
        co_return refuse(incoming, tooLarge(413, "body", limit));
    }
    m_parser->body_limit(limit);
    const bool isAsked = co_await askForBody(incoming);
    if (!isAsked) {
        co_return Arrival::Nobody;
    }
    // Chunk extensions mean nothing here, and parsers disagree about them.
    auto onChunk = [](std::uint64_t, auto extensions, beast::error_code& error) {
        if (!extensions.empty()) {
            error = beast::http::error::bad_chunk_extension;
        }
    };
    m_parser->on_chunk_header(onChunk);
    m_parser->eager(true);
    m_connection.expireAfter(m_context.options.bodyTimeout);
    std::size_t timed = 0;  // bytes since then
    while (!m_parser->is_done()) {
        beast::error_code error;
        m_buffer.consume(m_parser->put(m_buffer.cdata(), error));
        if (error == beast::http::error::body_limit) {
            co_return refuse(incoming, tooLarge(413, "body", limit));
        }
        const std::size_t room = beast::read_size(m_buffer, kBodyBuffer);
        if ((error && error != beast::http::error::need_more) || room == 0) {
            co_return refuse(incoming, 400, "The body of the request cannot be read.");
        }
        if (!m_parser->is_done()) {
            const std::size_t count = co_await m_connection.readSome(m_buffer.prepare(room));
            if (count == 0) {
                co_return Arrival::Nobody;
            }
            m_buffer.commit(count);
            if (timed += count; timed >= kTimedPart) {
                timed = 0;
                m_connection.expireAfter(m_context.options.bodyTimeout);
            }
        }
    }
    incoming.request.body = std::move(m_parser->get().body());
    incoming.keepAlive = m_parser->keep_alive();
    co_return Arrival::Whole;
}

net::awaitable<bool> RequestReader::askForBody(const Incoming& incoming) {
    const bool isAwaited =
        !m_parser->is_done() && incoming.request.headers.find("Expect") && m_parser->get().version() == 11;
    if (!isAwaited) {
        co_return true;
    }
    co_return co_await m_writer.writeText("HTTP/1.1 100 Continue\r\n\r\n");
}

Arrival RequestReader::refuse(Incoming& incoming, int status, std::string detail) const {
    incoming.refusal = m_context.router.error(incoming.request.path, status, std::move(detail));
    return Arrival::Refused;
}

Arrival RequestReader::refuse(Incoming& incoming, Refusal refusal) const {
    return refuse(incoming, refusal.status, std::move(refusal.detail));
}

std::string_view RequestReader::unread() const {
    return {static_cast<const char*>(m_buffer.cdata().data()), m_buffer.size()};
}

}  // namespace easel::http
