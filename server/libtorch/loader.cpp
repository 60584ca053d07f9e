// SPDX-License-Identifier: Apache-2.0
#include "server/libtorch/loader.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <string_view>

#include "shared/process/spawn.h"

namespace easel::libtorch {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// What comes out of a pipe until nobody writes into it, at most `most` bytes, within `patience`.
std::string readAll(int pipe, std::size_t most, std::chrono::milliseconds patience) {
    const auto deadline = Clock::now() + patience;
    std::string text;
    std::array<char, 4096> some{};
    while (text.size() < most) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
        pollfd waiting{pipe, POLLIN, 0};
        const int ready = left > 0ms ? ::poll(&waiting, 1, static_cast<int>(left.count())) : 0;
        const ssize_t count = ready > 0 ? ::read(pipe, some.data(), some.size()) : ready;
        if (count > 0) {
            text.append(some.data(), static_cast<std::size_t>(count));
        } else if (count == 0 || errno != EINTR) {
            break;
        }
    }
    return text;
}

/// Whether a line of the loader's says that `library` is not there: "\tlibtorch_cpu.so => not found".
bool saysMissing(std::string_view said, std::string_view library) {
    std::string line = "\t" + std::string(library) + " => not found\n";
    return said.find(line) != std::string_view::npos;
}

}  // namespace

bool misses(const std::filesystem::path& program, const std::string& library,
            std::vector<std::string> environment) {
    constexpr std::size_t kMost = std::size_t{1} << 20;
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return false;
    }
    environment.emplace_back("LD_TRACE_LOADED_OBJECTS=1");
    pid_t child = 0;
    const int error = process::spawn(
        {.arguments = {program.string()}, .environment = std::move(environment), .output = ends[1]}, child);
    ::close(ends[1]);
    std::string said;
    if (error == 0) {
        said = readAll(ends[0], kMost, 10s);
        ::kill(child, SIGKILL);  // it has ended, unless it is no program for this loader
        while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
        }
    }
    ::close(ends[0]);
    return saysMissing(said, library);
}

}  // namespace easel::libtorch
