// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <thread>

namespace easel::generator {

/// Reads what a child prints, on a thread of its own, and hands it on line by line (a line longer than 4 KiB
/// in pieces), so that the child never waits for whoever reads our log, nor dies of it.
class OutputRelay {
public:
    using OnLine = std::function<void(const std::string&)>;  // called from its thread

    /// `socket` is our end of a socket pair; it is closed at the end. Throws std::system_error when no
    /// thread can be had.
    OutputRelay(int socket, OnLine onLine);
    /// Hands on what has arrived. Whoever else still holds the child's end is not waited for.
    ~OutputRelay();
    OutputRelay(const OutputRelay&) = delete;
    OutputRelay& operator=(const OutputRelay&) = delete;

private:
    void run() const;

    const int m_socket;
    const OnLine m_onLine;
    std::thread m_thread;
};

}  // namespace easel::generator
