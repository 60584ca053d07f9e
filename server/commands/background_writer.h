// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <thread>

namespace easel::commands {

/// Writes lines to a descriptor on a thread of its own, so that nobody waits for a pipe that is not read or
/// a disk that hangs. What does not fit (1 MiB waits at most) and what cannot be written (the reader has
/// gone, the disk is full) is dropped, counted and told once there is room again. The descriptor itself stays
/// as it is, for other processes share it.
class BackgroundWriter {
public:
    explicit BackgroundWriter(int descriptor);
    /// Waits until all is written, but no longer than two seconds.
    ~BackgroundWriter();
    BackgroundWriter(const BackgroundWriter&) = delete;
    BackgroundWriter& operator=(const BackgroundWriter&) = delete;

    /// `line` with its line break. Never blocks; from any thread.
    void write(std::string line);

private:
    struct State;
    static void run(const std::shared_ptr<State>& state, int descriptor);

    std::shared_ptr<State> m_state;  // the thread has it too: it may have to be left behind
    std::thread m_thread;
};

}  // namespace easel::commands
