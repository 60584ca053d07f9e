// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace easel::commands {

/// Tells the service manager that started this process (systemd, by sd_notify) how it is; nobody, where none
/// did. Where the manager watches for signs of life, it gets them from a thread of its own, but only as long
/// as `isAlive` says so: a server that hangs is ended and started again.
class ServiceNotifier {
public:
    /// `status` is one sentence for "systemctl status". Both are called from the thread, a few times a
    /// minute.
    ServiceNotifier(std::function<bool()> isAlive, std::function<std::string()> status);
    ~ServiceNotifier();
    ServiceNotifier(const ServiceNotifier&) = delete;
    ServiceNotifier& operator=(const ServiceNotifier&) = delete;

    /// The port is open.
    void ready();
    /// It is on its way out, and may take that long.
    void stopping(std::chrono::seconds atMost);

private:
    void run();
    void tell(bool isStopping);

    const std::function<bool()> m_isAlive;
    const std::function<std::string()> m_status;
    std::chrono::microseconds m_watchdog{0};  // 0: nobody watches
    std::string m_told;
    std::mutex m_mutex;
    std::condition_variable m_wake;
    bool m_isReady = false;
    bool m_isStopping = false;
    bool m_ends = false;
    std::thread m_thread;
};

}  // namespace easel::commands
