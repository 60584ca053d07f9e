// SPDX-License-Identifier: Apache-2.0
#include "server/commands/service_notifier.h"

#include <systemd/sd-daemon.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <utility>

#include <spdlog/fmt/fmt.h>

#include "server/commands/messages.h"

namespace easel::commands {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::microseconds kStatusPause = 5s;

bool isManaged() {
    return std::getenv("NOTIFY_SOCKET") != nullptr;
}

}  // namespace

ServiceNotifier::ServiceNotifier(std::function<bool()> isAlive, std::function<std::string()> status)
    : m_isAlive(std::move(isAlive)), m_status(std::move(status)) {
    if (!isManaged()) {
        return;
    }
    std::uint64_t microseconds = 0;
    if (::sd_watchdog_enabled(0, &microseconds) > 0) {
        m_watchdog = std::chrono::microseconds(microseconds);
    }
    m_thread = std::thread([this] { run(); });
}

ServiceNotifier::~ServiceNotifier() {
    {
        const std::scoped_lock lock(m_mutex);
        m_ends = true;
    }
    m_wake.notify_all();
    if (m_thread.joinable()) {
        m_thread.join();
    }
}

void ServiceNotifier::ready() {
    const std::scoped_lock lock(m_mutex);
    m_isReady = true;
    m_wake.notify_all();
}

void ServiceNotifier::stopping(std::chrono::seconds atMost) {
    {
        const std::scoped_lock lock(m_mutex);
        m_isStopping = true;
    }
    // What runs may finish: the manager's own limit is for a server that hangs.
    const auto time = std::chrono::duration_cast<std::chrono::microseconds>(atMost + 10s);
    ::sd_notify(0, fmt::format("STOPPING=1\nEXTEND_TIMEOUT_USEC={}", time.count()).c_str());
}

void ServiceNotifier::run() {
    std::unique_lock lock(m_mutex);
    m_wake.wait(lock, [this] { return m_isReady || m_ends; });
    if (m_isReady) {
        ::sd_notify(0, "READY=1");
    }
    // Twice within the time is what its manual advises; three times leaves room for a late one.
    const auto pause = m_watchdog > 0us ? std::min(m_watchdog / 3, kStatusPause) : kStatusPause;
    while (!m_ends) {
        const bool isStopping = m_isStopping;
        lock.unlock();
        tell(isStopping);
        lock.lock();
        m_wake.wait_for(lock, pause, [this] { return m_ends; });
    }
}

void ServiceNotifier::tell(bool isStopping) {
    if (!m_isAlive()) {
        return;
    }
    if (m_watchdog > 0us) {
        ::sd_notify(0, "WATCHDOG=1");
    }
    std::string status = isStopping ? "Ending." : printable(m_status());
    if (status != m_told) {
        ::sd_notify(0, ("STATUS=" + status).c_str());
        m_told = std::move(status);
    }
}

}  // namespace easel::commands
