// SPDX-License-Identifier: Apache-2.0
#include "server/generator/child_process.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <thread>
#include <utility>

#include <fmt/core.h>

#include "shared/process/spawn.h"

namespace easel::generator {

namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

/// Both ends of a socket pair, closed unless they are taken.
class SocketPair {
public:
    /// False, and errno says why: there is none to be had.
    bool open() { return ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, m_ends.data()) == 0; }
    ~SocketPair() {
        for (const int end : m_ends) {
            if (end >= 0) {
                ::close(end);
            }
        }
    }
    int theirs() const { return m_ends[1]; }
    int takeOurs() { return std::exchange(m_ends[0], -1); }

private:
    std::array<int, 2> m_ends{-1, -1};
};

std::string describe(int waitStatus) {
    if (WIFSIGNALED(waitStatus)) {
        return fmt::format("killed by signal {}, {}", WTERMSIG(waitStatus), strsignal(WTERMSIG(waitStatus)));
    }
    return fmt::format("exit status {}", WEXITSTATUS(waitStatus));
}

/// How `pid` ended, when it does so within `patience`.
std::optional<int> waitFor(pid_t pid, milliseconds patience) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (true) {
        int waitStatus = 0;
        if (::waitpid(pid, &waitStatus, WNOHANG) == pid) {
            return waitStatus;
        }
        if (std::chrono::steady_clock::now() >= deadline) {
            return {};
        }
        std::this_thread::sleep_for(5ms);
    }
}

}  // namespace

ChildProcess::ChildProcess(pid_t pid, std::shared_ptr<FrameChannel> channel,
                           std::unique_ptr<OutputRelay> output)
    : m_pid(pid), m_channel(std::move(channel)), m_output(std::move(output)) {}

tl::expected<ChildProcess, int> ChildProcess::start(const std::vector<std::string>& arguments,
                                                    const std::vector<std::string>& environment,
                                                    std::function<void(const std::string&)> onLine) {
    SocketPair talk;
    SocketPair output;
    if (!talk.open() || !output.open()) {
        return tl::unexpected(errno);
    }
    std::unique_ptr<OutputRelay> relay;
    try {
        relay = std::make_unique<OutputRelay>(output.takeOurs(), std::move(onLine));
    } catch (const std::system_error& error) {
        return tl::unexpected(error.code().value());
    }
    auto channel = std::make_shared<FrameChannel>(talk.takeOurs());
    pid_t pid = 0;
    const process::Program program{.arguments = arguments,
                                   .environment = environment,
                                   .output = output.theirs(),
                                   .socket = talk.theirs()};
    if (const int error = process::spawn(program, pid); error != 0) {
        return tl::unexpected(error);
    }
    return ChildProcess(pid, std::move(channel), std::move(relay));
}

std::string ChildProcess::end(milliseconds patience, milliseconds grace) {
    auto ended = waitFor(m_pid, patience);
    if (!ended) {
        ::kill(m_pid, SIGTERM);
        ended = waitFor(m_pid, grace);
    }
    if (!ended) {
        ::kill(m_pid, SIGKILL);
        // A process that hangs in a driver cannot even be killed; nobody should hang with it.
        ended = waitFor(m_pid, 10s);
    }
    m_output.reset();
    return ended ? describe(*ended) : "it does not end though it was killed";
}

void endWithParent() {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
}

void gainNoPrivileges() {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

}  // namespace easel::generator
