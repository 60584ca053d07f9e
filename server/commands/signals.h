// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <thread>

namespace easel::commands {

/// Turns the first SIGINT or SIGTERM into a call, on a thread of its own; a second one ends the process
/// at once. To be made before any other thread, for threads inherit which signals they are spared.
class SignalWatch {
public:
    explicit SignalWatch(std::function<void()> onSignal);
    ~SignalWatch();
    SignalWatch(const SignalWatch&) = delete;
    SignalWatch& operator=(const SignalWatch&) = delete;

private:
    void watch() const;

    const std::function<void()> m_onSignal;
    int m_signals = -1;  // readable after a signal
    int m_end = -1;      // readable when this is to end
    std::thread m_thread;
};

}  // namespace easel::commands
