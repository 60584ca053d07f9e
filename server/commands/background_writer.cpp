// SPDX-License-Identifier: Apache-2.0
#include "server/commands/background_writer.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string_view>
#include <utility>

#include <fmt/core.h>

namespace easel::commands {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxWaitingBytes = std::size_t{1} << 20;
constexpr auto kLastPatience = 2s;

struct Line {
    std::string text;
    std::uint64_t droppedBefore = 0;
};

/// How much of `text` was written before it failed.
std::size_t writeAll(int descriptor, std::string_view text) {
    std::size_t done = 0;
    while (done < text.size()) {
        const ssize_t written = ::write(descriptor, text.data() + done, text.size() - done);
        if (written >= 0) {
            done += static_cast<std::size_t>(written);
        } else if (errno == EAGAIN) {  // Whoever shares the descriptor has made it so.
            pollfd writable{descriptor, POLLOUT, 0};
            ::poll(&writable, 1, -1);
        } else if (errno != EINTR) {
            break;
        }
    }
    return done;
}

}  // namespace

struct BackgroundWriter::State {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<Line> waiting;
    std::size_t waitingBytes = 0;
    std::uint64_t dropped = 0;  // since the last line of `waiting`
    bool ending = false;
    bool ended = false;
};

BackgroundWriter::BackgroundWriter(int descriptor) : m_state(std::make_shared<State>()) {
    m_thread = std::thread([state = m_state, descriptor] { run(state, descriptor); });
}

BackgroundWriter::~BackgroundWriter() {
    std::unique_lock lock(m_state->mutex);
    m_state->ending = true;
    m_state->changed.notify_all();
    const bool ended = m_state->changed.wait_for(lock, kLastPatience, [this] { return m_state->ended; });
    lock.unlock();
    if (ended) {
        m_thread.join();
    } else {
        m_thread.detach();  // It ends with the process.
    }
}

void BackgroundWriter::write(std::string line) {
    {
        const std::scoped_lock lock(m_state->mutex);
        if (m_state->waitingBytes + line.size() > kMaxWaitingBytes) {
            ++m_state->dropped;
            return;
        }
        m_state->waitingBytes += line.size();
        m_state->waiting.push_back({std::move(line), std::exchange(m_state->dropped, 0)});
    }
    m_state->changed.notify_all();
}

void BackgroundWriter::run(const std::shared_ptr<State>& state, int descriptor) {
    std::uint64_t missing = 0;
    bool isCut = false;
    std::unique_lock lock(state->mutex);
    while (true) {
        state->changed.wait(lock, [&] { return state->ending || !state->waiting.empty(); });
        Line line;
        if (!state->waiting.empty()) {
            line = std::move(state->waiting.front());
            state->waiting.pop_front();
        } else if (state->dropped + missing > 0) {
            line.droppedBefore = std::exchange(state->dropped, 0);
        } else {
            state->ended = true;
            state->changed.notify_all();
            return;
        }
        lock.unlock();
        missing += line.droppedBefore;
        const std::string text =
            (isCut ? "\n" : "") +
            (missing > 0 ? fmt::format("{} lines are missing here: they could not be written.\n", missing)
                         : "") +
            line.text;
        const std::size_t done = writeAll(descriptor, text);
        isCut = done == 0 ? isCut : done < text.size();
        missing = done == text.size() ? 0 : missing + 1;
        lock.lock();
        state->waitingBytes -= line.text.size();
        if (state->ending && done < text.size()) {
            state->waiting.clear();  // The last lines are not worth a loop on a disk that is full.
            state->dropped = missing = 0;
        }
    }
}

}  // namespace easel::commands
