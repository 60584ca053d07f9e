// SPDX-License-Identifier: Apache-2.0
#include "server/commands/signals.h"

#include <pthread.h>
#include <signal.h>

#include <initializer_list>
#include <utility>

namespace easel::commands {

namespace {

sigset_t setOf(std::initializer_list<int> signals) {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : signals) {
        sigaddset(&set, signal);
    }
    return set;
}

/// A signal that is blocked is waited for even where it would be ignored.
sigset_t firstSignals() {
    struct sigaction hangUp {};
    ::sigaction(SIGHUP, nullptr, &hangUp);
    return hangUp.sa_handler == SIG_IGN ? setOf({SIGINT, SIGTERM}) : setOf({SIGINT, SIGTERM, SIGHUP});
}

int waitFor(const sigset_t& set) {
    int taken = 0;
    ::sigwait(&set, &taken);
    return taken;
}

}  // namespace

SignalWatch::SignalWatch(std::function<void()> onSignal) : m_onSignal(std::move(onSignal)) {
    const sigset_t set = firstSignals();
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    m_thread = std::thread([this] { watch(); });
}

SignalWatch::~SignalWatch() {
    m_ending = true;
    ::pthread_kill(m_thread.native_handle(), SIGINT);
    m_thread.join();
}

void SignalWatch::watch() {
    waitFor(firstSignals());
    if (m_ending) {
        return;
    }
    m_onSignal();
    // A terminal that closes hangs up more than once: that is nobody's impatience.
    const sigset_t again = setOf({SIGINT, SIGTERM});
    const int impatient = waitFor(again);
    if (m_ending) {
        return;
    }
    ::signal(impatient, SIG_DFL);
    ::pthread_sigmask(SIG_UNBLOCK, &again, nullptr);
    ::raise(impatient);
}

}  // namespace easel::commands
