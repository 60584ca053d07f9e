// SPDX-License-Identifier: Apache-2.0
#include "tests/server/http/raw_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace easel::tests {

namespace {

constexpr int kPatienceMs = 30'000;

std::string lowerCase(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

RawResponse parseResponseHead(std::string_view head) {
    RawResponse response;
    response.status = std::stoi(std::string(head.substr(9, 3)));
    std::size_t start = head.find("\r\n") + 2;
    while (start < head.size() && head.substr(start, 2) != "\r\n") {
        const std::size_t end = head.find("\r\n", start);
        const std::string_view line = head.substr(start, end - start);
        const std::size_t colon = line.find(": ");
        response.headers[lowerCase(std::string(line.substr(0, colon)))] = line.substr(colon + 2);
        start = end + 2;
    }
    return response;
}

}  // namespace

std::string RawResponse::header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
}

RawClient::RawClient(std::uint16_t port, const std::string& from, Transport transport) {
    connect(port, from);
    if (transport == Transport::Tls) {
        shakeHands({.protocol = "http/1.1"});
    }
}

RawClient::RawClient(std::uint16_t port, const ClientEnd::Options& options) {
    connect(port, "127.0.0.1");
    shakeHands(options);
}

void RawClient::connect(std::uint16_t port, const std::string& from) {
    m_socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in own{};
    own.sin_family = AF_INET;
    ::inet_pton(AF_INET, from.c_str(), &own.sin_addr);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    // The port is chosen by connect(), among those that are free for this server: bind() would want one that
    // nothing on the machine uses.
    const int later = 1;
    ::setsockopt(m_socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &later, sizeof later);
    if (m_socket < 0 || ::bind(m_socket, reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0 ||
        ::connect(m_socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        close();
    }
    const int noDelay = 1;  // a piece is a packet
    ::setsockopt(m_socket, IPPROTO_TCP, TCP_NODELAY, &noDelay, sizeof noDelay);
}

RawClient::~RawClient() {
    close();
}

void RawClient::shakeHands(const ClientEnd::Options& options) {
    m_tls = std::make_unique<ClientEnd>(options);
    bool goesOn = m_tls->shakeHands();
    while (goesOn && sendRaw(m_tls->takeOutput()) && !m_tls->isReady()) {
        goesOn = readMore() && m_tls->shakeHands();
    }
}

void RawClient::close() {
    if (m_socket >= 0) {
        if (m_tls && m_tls->isReady()) {
            m_tls->endSending();
            const std::string end = m_tls->takeOutput();
            ::send(m_socket, end.data(), end.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        }
        ::close(m_socket);
    }
    m_socket = -1;
}

void RawClient::reset() {
    const linger atOnce{1, 0};
    ::setsockopt(m_socket, SOL_SOCKET, SO_LINGER, &atOnce, sizeof atOnce);
    ::close(std::exchange(m_socket, -1));
}

void RawClient::endSending() {
    if (m_tls) {
        m_tls->endSending();
        sendRaw(m_tls->takeOutput());
    }
    endSendingRaw();
}

void RawClient::endSendingRaw() {
    ::shutdown(m_socket, SHUT_WR);
}

bool RawClient::send(std::string_view bytes) {
    if (!m_tls) {
        return sendRaw(bytes);
    }
    m_tls->write(bytes);
    return m_tls->isReady() && sendRaw(m_tls->takeOutput());
}

bool RawClient::sendRaw(std::string_view bytes) {
    if (m_socket < 0) {
        return false;
    }
    while (!bytes.empty()) {
        const ssize_t sent = ::send(m_socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

bool RawClient::readMore() {
    if (m_tls && m_tls->hasEnded()) {
        close();
    }
    pollfd readable{m_socket, POLLIN, 0};
    if (m_socket < 0 || ::poll(&readable, 1, kPatienceMs) != 1) {
        return false;
    }
    std::array<char, 65536> block{};
    const ssize_t count = ::recv(m_socket, block.data(), block.size(), 0);
    if (count <= 0) {
        close();
        return false;
    }
    const std::string_view come(block.data(), static_cast<std::size_t>(count));
    if (!m_tls) {
        m_received += come;
        return true;
    }
    m_tls->feed(come);
    if (m_tls->isReady()) {
        m_received += m_tls->read();
    }
    return true;
}

std::optional<RawResponse> RawClient::receive(bool toHead) {
    const std::string head = receiveUntil("\r\n\r\n");
    if (head.empty()) {
        return {};
    }
    RawResponse response = parseResponseHead(head);
    if (response.status == 100) {
        return receive(toHead);
    }
    const std::string length = response.header("content-length");
    const std::size_t size = toHead || length.empty() ? 0 : std::stoull(length);
    while (m_received.size() < size) {
        if (!readMore()) {
            return {};
        }
    }
    response.body = m_received.substr(0, size);
    m_received.erase(0, size);
    return response;
}

std::string RawClient::receiveUntil(std::string_view text) {
    std::size_t found = 0;
    while ((found = m_received.find(text)) == std::string::npos) {
        if (!readMore()) {
            return {};
        }
    }
    std::string taken = m_received.substr(0, found + text.size());
    m_received.erase(0, found + text.size());
    return taken;
}

bool RawClient::isClosedByServer() {
    while (readMore()) {
    }
    return m_socket < 0 && m_received.empty();
}

std::optional<RawResponse> fetch(std::uint16_t port, const std::string& method, const std::string& target,
                                 const std::string& fields, const std::string& body,
                                 const std::string& from) {
    RawClient client(port, from);
    std::string request = method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n" + fields;
    if (!body.empty() || method == "POST") {
        request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    }
    client.send(request + "\r\n" + body);
    return client.receive(method == "HEAD");
}

}  // namespace easel::tests
