// SPDX-License-Identifier: Apache-2.0
#include "server/generator/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

namespace easel::generator {

namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

/// The pointers that exec wants; `texts` must outlive them.
std::vector<char*> pointersTo(const std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    pointers.reserve(texts.size() + 1);
    for (const std::string& text : texts) {
        pointers.push_back(const_cast<char*>(text.c_str()));
    }
    pointers.push_back(nullptr);
    return pointers;
}

/// The attributes of a spawn that need releasing.
class SpawnPlan {
public:
    SpawnPlan(int socket, int output) {
        posix_spawn_file_actions_init(&m_actions);
        posix_spawn_file_actions_addopen(&m_actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&m_actions, output, STDOUT_FILENO);
        posix_spawn_file_actions_adddup2(&m_actions, output, STDERR_FILENO);
        posix_spawn_file_actions_adddup2(&m_actions, socket, ChildProcess::kSocket);
        // Not every library opens its descriptors close-on-exec; a client's connection must not live on.
        posix_spawn_file_actions_addclosefrom_np(&m_actions, ChildProcess::kSocket + 1);

        posix_spawnattr_init(&m_attributes);
        sigset_t none;
        sigset_t all;
        sigemptyset(&none);
        sigfillset(&all);
        posix_spawnattr_setsigmask(&m_attributes, &none);
        posix_spawnattr_setsigdefault(&m_attributes, &all);
        // A group of its own: Ctrl-C is for the parent, which then ends the worker in order.
        posix_spawnattr_setpgroup(&m_attributes, 0);
        posix_spawnattr_setflags(&m_attributes,
                                 POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    }
    ~SpawnPlan() {
        posix_spawn_file_actions_destroy(&m_actions);
        posix_spawnattr_destroy(&m_attributes);
    }
    SpawnPlan(const SpawnPlan&) = delete;
    SpawnPlan& operator=(const SpawnPlan&) = delete;

    /// 0 or an errno.
    int run(const std::vector<std::string>& arguments, pid_t& pid) const {
        const auto environment = childEnvironment();
        return posix_spawn(&pid, arguments.front().c_str(), &m_actions, &m_attributes,
                           pointersTo(arguments).data(), pointersTo(environment).data());
    }

private:
    posix_spawn_file_actions_t m_actions;
    posix_spawnattr_t m_attributes;
};

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
        return "killed by signal " + std::to_string(WTERMSIG(waitStatus)) + ", " +
               strsignal(WTERMSIG(waitStatus));
    }
    return "exit status " + std::to_string(WEXITSTATUS(waitStatus));
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
    if (const int error = SpawnPlan(talk.theirs(), output.theirs()).run(arguments, pid); error != 0) {
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
