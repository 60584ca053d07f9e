// SPDX-License-Identifier: Apache-2.0
#include "server/http/response_writer.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <ctime>
#include <sstream>
#include <utility>

#include <boost/beast/http.hpp>

namespace easel::http {

namespace net = boost::asio;
namespace beast = boost::beast;

namespace {

constexpr std::size_t kPiece = 64UL * 1024;
constexpr std::string_view kBeginning = "HTTP/1.1 ";  // of every answer

bool hasBody(int status) {
    return status != 204 && status != 304;
}

beast::http::response<beast::http::empty_body> headOf(const Response& response, bool keepAlive) {
    beast::http::response<beast::http::empty_body> head;
    head.version(11);
    head.result(static_cast<unsigned>(response.status));
    for (const auto& [name, value] : response.headers) {
        head.insert(name, value);
    }
    head.set(beast::http::field::date, httpDate());
    head.set("X-Content-Type-Options", "nosniff");
    head.set(beast::http::field::connection, keepAlive ? "keep-alive" : "close");
    if (hasBody(response.status)) {
        const auto* range = std::get_if<FileRange>(&response.body);
        head.content_length(range ? range->length : std::get<std::string>(response.body).size());
    }
    return head;
}

}  // namespace

std::string httpDate() {
    const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    std::tm utc{};
    ::gmtime_r(&now, &utc);
    std::array<char, 40> text{};
    const std::size_t length = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
    return {text.data(), length};
}

net::awaitable<bool> ResponseWriter::write(const Response& response, bool isHead, bool keepAlive) {
    std::ostringstream head;
    head << headOf(response, keepAlive).base();
    if (!co_await writeHead(head.str())) {
        co_return false;
    }
    if (isHead || !hasBody(response.status)) {
        co_return true;
    }
    if (const auto* range = std::get_if<FileRange>(&response.body)) {
        co_return co_await writeRange(*range);
    }
    co_return co_await writeText(std::get<std::string>(response.body));
}

net::awaitable<bool> ResponseWriter::writeHead(std::string_view head) {
    const std::size_t begun = std::exchange(m_begun, 0);
    co_return co_await writeText(head.substr(begun));
}

net::awaitable<bool> ResponseWriter::probe() {
    const std::string_view byte = kBeginning.substr(m_begun++, 1);
    co_return co_await writeText(byte);
}

bool ResponseWriter::canProbe() const {
    return m_begun < kBeginning.size();
}

net::awaitable<bool> ResponseWriter::writeText(std::string_view text) {
    while (!text.empty()) {
        const std::string_view piece = text.substr(0, kPiece);
        m_connection.expireAfter(m_timeout);
        if (!co_await m_connection.write(piece)) {
            co_return false;
        }
        text.remove_prefix(piece.size());
    }
    co_return true;
}

net::awaitable<bool> ResponseWriter::writeRange(const FileRange& range) {
    std::string piece(std::min<std::uint64_t>(kPiece, range.length), '\0');
    for (std::uint64_t sent = 0; sent < range.length;) {
        const auto wanted = std::min<std::uint64_t>(piece.size(), range.length - sent);
        const std::size_t count = range.file->read(range.offset + sent, {piece.data(), wanted});
        const bool written = co_await writeText(std::string_view(piece).substr(0, count));
        if (count == 0 || !written) {
            co_return false;
        }
        sent += count;
    }
    co_return true;
}

}  // namespace easel::http
