// SPDX-License-Identifier: Apache-2.0
#include "server/generator/output_relay.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

namespace easel::generator {

namespace {

constexpr std::size_t kMaxLine = 4096;

}  // namespace

OutputRelay::OutputRelay(int socket, OnLine onLine) : m_socket(socket), m_onLine(std::move(onLine)) {
    try {
        m_thread = std::thread([this] { run(); });
    } catch (...) {
        ::close(m_socket);
        throw;
    }
}

OutputRelay::~OutputRelay() {
    ::shutdown(m_socket, SHUT_RD);  // What is in it already can still be read.
    m_thread.join();
    ::close(m_socket);
}

void OutputRelay::run() const {
    std::string line;
    const auto hand = [&] {
        if (!line.empty() && m_onLine) {
            m_onLine(line);
        }
        line.clear();
    };
    std::array<char, kMaxLine> part;
    while (true) {
        const ssize_t got = ::read(m_socket, part.data(), part.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            break;
        }
        for (const char c : std::string_view(part.data(), static_cast<std::size_t>(got))) {
            if (c == '\n') {
                hand();
                continue;
            }
            line += c;
            if (line.size() == kMaxLine) {
                hand();
            }
        }
    }
    hand();
}

}  // namespace easel::generator
