// SPDX-License-Identifier: Apache-2.0
#include "server/commands/doctor_port.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <string_view>

#include <fmt/core.h>

#include "server/commands/port_holder.h"
#include "server/http/origin.h"

namespace easel::commands {

namespace {

using doctor::Finding;
using doctor::State;

/// An open socket, or none.
class Socket {
public:
    explicit Socket(const addrinfo& address)
        : m_descriptor(::socket(address.ai_family, address.ai_socktype | SOCK_CLOEXEC, 0)) {}
    ~Socket() {
        if (m_descriptor >= 0) {
            ::close(m_descriptor);
        }
    }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    int get() const { return m_descriptor; }

private:
    int m_descriptor;
};

/// Why nobody can listen there; 0: somebody can.
int errorOfListening(const addrinfo& address) {
    const Socket socket(address);
    if (socket.get() < 0) {
        return errno;
    }
    const int on = 1;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const bool canListen =
        ::bind(socket.get(), address.ai_addr, address.ai_addrlen) == 0 && ::listen(socket.get(), 1) == 0;
    return canListen ? 0 : errno;
}

/// Whether what listens there answers as an Easel server without encryption does.
bool answersAsEasel(const addrinfo& address) {
    constexpr std::string_view kQuestion =
        "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    constexpr timeval kPatience{2, 0};
    constexpr std::size_t kMost = 4096;
    const auto end = std::chrono::steady_clock::now() + 2 * std::chrono::seconds(kPatience.tv_sec);
    const Socket socket(address);
    ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
    if (::connect(socket.get(), address.ai_addr, address.ai_addrlen) != 0 ||
        ::send(socket.get(), kQuestion.data(), kQuestion.size(), MSG_NOSIGNAL) < 0) {
        return false;
    }
    std::string answer;
    char bytes[kMost];
    for (ssize_t got = 1; got > 0 && answer.size() < kMost && std::chrono::steady_clock::now() < end;) {
        got = ::recv(socket.get(), bytes, sizeof bytes, 0);
        answer.append(bytes, got > 0 ? static_cast<std::size_t>(got) : 0);
    }
    return answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\nalive\n");
}

Finding taken(const std::string& where, const addrinfo& address, int port) {
    const auto holder = whoListensOn(static_cast<std::uint16_t>(port));
    const std::string who =
        holder ? fmt::format(" ({}, process {})", holder->program, holder->process) : std::string();
    if ((holder && holder->program == "easel-server") || answersAsEasel(address)) {
        return {"Port", State::Right, fmt::format("An Easel server listens on {} already{}.", where, who)};
    }
    return {"Port", State::Wrong,
            holder ? fmt::format("{} is taken by another program{}.", where, who)
                   : fmt::format("{} is taken by a program of another account.", where),
            "End that program, or choose another port with --port for this and for \"easel-server serve\"."};
}

}  // namespace

Finding judgePort(const std::string& address, int port) {
    if (port == 0) {
        return {"Port", State::Skipped, "A server takes any free one."};
    }
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    addrinfo* list = nullptr;
    const std::string host(http::withoutBrackets(address));
    if (const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
        error != 0) {
        return {"Port", State::Wrong,
                fmt::format("\"{}\" is no address: {}.", address, ::gai_strerror(error)),
                "Say one like 127.0.0.1 or ::1 with --bind."};
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> found(list, ::freeaddrinfo);
    const std::string where = fmt::format("Port {} of {}", port, address);
    const int error = errorOfListening(*found);
    if (error == EADDRINUSE) {
        return taken(where, *found, port);
    }
    if (error != 0) {
        return {"Port", State::Wrong, fmt::format("{} cannot be used: {}.", where, std::strerror(error)),
                error == EACCES ? "Ports below 1024 are for root: choose another with --port."
                                : "Choose another address with --bind, or another port with --port."};
    }
    return {"Port", State::Right, fmt::format("{} is free.", where)};
}

}  // namespace easel::commands
