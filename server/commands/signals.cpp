// SPDX-License-Identifier: Apache-2.0
#include "server/commands/signals.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <span>
#include <system_error>
#include <utility>

namespace easel::commands {

namespace {

sigset_t endSignals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    return set;
}

void waitUntilReadable(std::span<pollfd> descriptors) {
    while (::poll(descriptors.data(), descriptors.size(), -1) < 0 && errno == EINTR) {
    }
}

}  // namespace

SignalWatch::SignalWatch(std::function<void()> onSignal) : m_onSignal(std::move(onSignal)) {
    const sigset_t set = endSignals();
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    m_signals = ::signalfd(-1, &set, SFD_CLOEXEC);
    m_end = ::eventfd(0, EFD_CLOEXEC);
    if (m_signals < 0 || m_end < 0) {
        throw std::system_error(errno, std::generic_category(), "Signals cannot be watched");
    }
    m_thread = std::thread([this] { watch(); });
}

SignalWatch::~SignalWatch() {
    ::eventfd_write(m_end, 1);
    m_thread.join();
    ::close(m_signals);
    ::close(m_end);
}

void SignalWatch::watch() const {
    std::array<pollfd, 2> either = {{{m_end, POLLIN, 0}, {m_signals, POLLIN, 0}}};
    waitUntilReadable(either);
    if (either[0].revents != 0) {
        return;
    }
    signalfd_siginfo taken;
    [[maybe_unused]] const ssize_t read = ::read(m_signals, &taken, sizeof taken);
    m_onSignal();
    const sigset_t set = endSignals();
    ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);  // The next one is the system's to handle.
    waitUntilReadable(std::span(either).first(1));
}

}  // namespace easel::commands
