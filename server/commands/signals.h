// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <thread>

namespace easel::commands {

/// Turns the first SIGINT, SIGTERM or SIGHUP into a call, on a thread of its own; another SIGINT or SIGTERM
/// ends the process at once. A SIGHUP that was ignored before (nohup) stays ignored. To be made before any
/// other thread, for threads inherit which signals they are spared.
class SignalWatch {
public:
    explicit SignalWatch(std::function<void()> onSignal);
    ~SignalWatch();
    SignalWatch(const SignalWatch&) = delete;
    SignalWatch& operator=(const SignalWatch&) = delete;

private:
    void watch();

    const std::function<void()> m_onSignal;
    std::atomic<bool> m_ending = false;
    std::thread m_thread;
};

}  // namespace easel::commands
