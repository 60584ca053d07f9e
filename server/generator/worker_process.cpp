// SPDX-License-Identifier: Apache-2.0
#include "server/generator/worker_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

namespace easel::generator {

namespace {

using namespace std::chrono_literals;
using protocol::Expected;

constexpr int kWorkerSocket = 3;  // the first after the standard ones

/// The attributes of a spawn that need releasing.
class SpawnPlan {
public:
    explicit SpawnPlan(int socket) {
        posix_spawn_file_actions_init(&m_actions);
        posix_spawn_file_actions_addopen(&m_actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&m_actions, STDERR_FILENO, STDOUT_FILENO);
        posix_spawn_file_actions_adddup2(&m_actions, socket, kWorkerSocket);
        // Not every library opens its descriptors close-on-exec; a client's connection must not live on.
        posix_spawn_file_actions_addclosefrom_np(&m_actions, kWorkerSocket + 1);

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
        std::vector<char*> pointers;
        pointers.reserve(arguments.size() + 1);
        for (const std::string& argument : arguments) {
            pointers.push_back(const_cast<char*>(argument.c_str()));
        }
        pointers.push_back(nullptr);
        return posix_spawn(&pid, pointers[0], &m_actions, &m_attributes, pointers.data(),
                           environment().data());
    }

private:
    /// Ours, and how long a thread of libgomp waits for the others before it sleeps. Left alone that is
    /// milliseconds, and a core that another program uses makes drawing several times slower.
    static std::vector<char*> environment() {
        std::vector<char*> variables;
        for (char** each = environ; *each != nullptr; ++each) {
            variables.push_back(*each);
        }
        static char spinShortly[] = "GOMP_SPINCOUNT=1000";
        if (std::getenv("GOMP_SPINCOUNT") == nullptr && std::getenv("OMP_WAIT_POLICY") == nullptr) {
            variables.push_back(spinShortly);
        }
        variables.push_back(nullptr);
        return variables;
    }

    posix_spawn_file_actions_t m_actions;
    posix_spawnattr_t m_attributes;
};

Status notReady(std::string message, bool failed) {
    Status status;
    status.failed = failed;
    status.message = std::move(message);
    return status;
}

std::string describe(int waitStatus) {
    if (WIFSIGNALED(waitStatus)) {
        return "killed by signal " + std::to_string(WTERMSIG(waitStatus)) + ", " +
               strsignal(WTERMSIG(waitStatus));
    }
    return "exit status " + std::to_string(WEXITSTATUS(waitStatus));
}

/// How `pid` ended, when it does so within `patience`.
std::optional<int> waitFor(pid_t pid, std::chrono::milliseconds patience) {
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

WorkerProcess::WorkerProcess(WorkerOptions options) : m_options(std::move(options)) {
    m_status.message = "Starting the worker.";
    m_supervisor = std::thread([this] { supervise(); });
    m_writer = std::thread([this] { writeFrames(); });
}

WorkerProcess::~WorkerProcess() {
    {
        const std::scoped_lock lock(m_mutex);
        m_stopping = true;
        if (m_channel) {
            m_channel->shutdown();
        }
    }
    m_wake.notify_all();
    m_supervisor.join();
    m_writer.join();
}

Status WorkerProcess::status() const {
    const std::scoped_lock lock(m_mutex);
    return m_status;
}

void WorkerProcess::onStatusChanged(std::function<void()> changed) {
    const std::scoped_lock lock(m_notifying);
    m_changed = std::move(changed);
}

void WorkerProcess::submit(const std::string& id, const protocol::GenerationSettings& settings,
                           Listener listener) {
    std::unique_lock lock(m_mutex);
    if (!m_status.ready || !m_channel) {
        const std::string message = m_status.message;
        lock.unlock();
        return listener.finished(protocol::unavailable(message));
    }
    if (m_inFlight.contains(id)) {
        lock.unlock();
        return listener.finished(protocol::internalError("Job " + id + " was submitted twice."));
    }
    m_inFlight[id].listener = std::make_shared<Listener>(std::move(listener));
    m_outbox.push_back(Generate{id, settings});
    m_wake.notify_all();
}

void WorkerProcess::cancel(const std::string& id) {
    const std::scoped_lock lock(m_mutex);
    const auto found = m_inFlight.find(id);
    if (found != m_inFlight.end()) {
        auto& stuckAt = found->second.stuckAt;
        stuckAt = stuckAt.value_or(Clock::now() + m_options.stuckAfter);
        m_outbox.push_back(Cancel{id});
        m_wake.notify_all();
    }
}

void WorkerProcess::supervise() {
    auto pause = m_options.firstPause;
    int starts = 0;
    std::unique_lock lock(m_mutex);
    while (!m_stopping && !m_status.failed) {
        lock.unlock();
        ++starts;
        auto child = spawn();
        if (!child) {
            setStatus(notReady(child.error().detail, true));
            return;
        }
        lock.lock();
        m_channel = child->channel;
        if (m_stopping) {
            m_channel->shutdown();
        }
        lock.unlock();
        m_wake.notify_all();

        converse(*child->channel);

        lock.lock();
        const bool wasReady = std::exchange(m_status.ready, false);
        m_channel.reset();
        m_outbox.clear();
        lock.unlock();
        child->channel.reset();
        const std::string how = reap(child->pid);
        endAll(workerLost("The process that drew it ended unexpectedly (" + how + ")."));
        if (wasReady) {
            starts = 0;
            pause = m_options.firstPause;
        }

        lock.lock();
        if (m_stopping || m_status.failed) {
            break;
        }
        lock.unlock();
        if (starts >= m_options.maxStarts) {
            setStatus(notReady("The worker ended " + std::to_string(starts) + " times before it was ready (" +
                                   how + "). Its own messages in the log say why.",
                               true));
            return;
        }
        setStatus(notReady("The worker ended unexpectedly (" + how + "); starting another.", false));
        lock.lock();
        m_wake.wait_for(lock, pause, [this] { return m_stopping; });
        pause = std::min(pause * 2, m_options.longestPause);
    }
}

void WorkerProcess::writeFrames() {
    std::unique_lock lock(m_mutex);
    while (true) {
        const auto mayGoOn = [this] { return m_stopping || (m_channel && !m_outbox.empty()); };
        if (!m_wake.wait_until(lock, nextCheck(), mayGoOn)) {
            endIfStuck();
            continue;
        }
        if (m_stopping) {
            return;
        }
        const Frame frame = std::move(m_outbox.front());
        m_outbox.pop_front();
        const auto channel = m_channel;
        lock.unlock();
        if (!channel->write(frame)) {
            channel->shutdown();  // The reader finds the end and says what was lost.
        }
        lock.lock();
    }
}

WorkerProcess::Clock::time_point WorkerProcess::nextCheck() const {
    auto next = Clock::now() + 1h;
    for (const auto& [id, request] : m_inFlight) {
        next = std::min(next, request.stuckAt.value_or(next));
    }
    return next;
}

/// A GPU can hang without an error. Nobody waits for a request that was cancelled, so ending its worker
/// costs no more than loading the model again.
void WorkerProcess::endIfStuck() {
    const auto now = Clock::now();
    for (auto& [id, request] : m_inFlight) {
        if (request.stuckAt.value_or(Clock::time_point::max()) <= now) {
            request.stuckAt.reset();
            if (m_channel) {
                m_channel->shutdown();  // The reader finds the end and says what was lost.
            }
        }
    }
}

Expected<WorkerProcess::Child> WorkerProcess::spawn() const {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        return tl::unexpected(
            protocol::internalError(std::string("The worker could not be started: ") + std::strerror(errno)));
    }
    auto channel = std::make_shared<FrameChannel>(ends[0]);
    pid_t pid = 0;
    const int error = SpawnPlan(ends[1]).run(
        {m_options.program.string(), "--socket-fd", std::to_string(kWorkerSocket), "--model",
         m_options.model.string(), "--device", m_options.device, "--precision", m_options.precision},
        pid);
    ::close(ends[1]);
    if (error != 0) {
        return tl::unexpected(protocol::internalError("The worker " + m_options.program.string() +
                                                      " could not be started: " + std::strerror(error) +
                                                      "."));
    }
    return Child{pid, std::move(channel)};
}

void WorkerProcess::converse(FrameChannel& channel) {
    while (true) {
        auto frame = channel.read();
        if (!frame || !*frame) {
            return;
        }
        const bool understood = std::visit(
            [this](auto& each) {
                if constexpr (requires { handle(std::move(each)); }) {
                    handle(std::move(each));
                    return true;
                }
                return false;
            },
            **frame);
        if (!understood) {
            return;
        }
    }
}

/// How the process ended, after it was made to.
std::string WorkerProcess::reap(pid_t pid) const {
    bool stopping = false;
    {
        const std::scoped_lock lock(m_mutex);
        stopping = m_stopping;
    }
    // One that ends by itself should be able to tell its own exit status.
    auto ended = waitFor(pid, stopping ? 0ms : 1000ms);
    if (!ended) {
        ::kill(pid, SIGTERM);
        ended = waitFor(pid, m_options.grace);
    }
    if (!ended) {
        ::kill(pid, SIGKILL);
        int waitStatus = 0;
        while (::waitpid(pid, &waitStatus, 0) < 0 && errno == EINTR) {
        }
        ended = waitStatus;
    }
    return describe(*ended);
}

void WorkerProcess::handle(WorkerStatus frame) {
    setStatus(std::move(frame.status));
}

void WorkerProcess::handle(const ProgressMade& frame) {
    if (const auto listener = listenerOf(frame.id)) {
        listener->progress(frame.progress);
    }
}

void WorkerProcess::handle(Picture frame) {
    if (const auto listener = listenerOf(frame.id)) {
        listener->image(frame.index, frame.seed, std::move(frame.image));
    }
}

void WorkerProcess::handle(Finished frame) {
    if (const auto listener = listenerOf(frame.id)) {
        {
            const std::scoped_lock lock(m_mutex);
            m_inFlight.erase(frame.id);
        }
        listener->finished(std::move(frame.problem));
    }
}

void WorkerProcess::setStatus(Status status) {
    {
        const std::scoped_lock lock(m_mutex);
        m_status = std::move(status);
    }
    const std::scoped_lock lock(m_notifying);
    if (m_changed) {
        m_changed();
    }
}

void WorkerProcess::endAll(const protocol::Problem& problem) {
    std::map<std::string, Request> lost;
    {
        const std::scoped_lock lock(m_mutex);
        lost.swap(m_inFlight);
    }
    for (const auto& [id, request] : lost) {
        request.listener->finished(problem);
    }
}

std::shared_ptr<Listener> WorkerProcess::listenerOf(const std::string& id) const {
    const std::scoped_lock lock(m_mutex);
    const auto found = m_inFlight.find(id);
    return found == m_inFlight.end() ? nullptr : found->second.listener;
}

}  // namespace easel::generator
