// SPDX-License-Identifier: Apache-2.0
#include "server/commands/bench_server.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "shared/process/spawn.h"

namespace easel::commands {

namespace {

using namespace std::chrono_literals;

std::string thisProgram() {
    std::error_code error;
    const auto file = std::filesystem::read_symlink("/proc/self/exe", error);
    return error ? "/proc/self/exe" : file.string();
}

/// Starts this program anew, which prints into the file `log`; 0 or an errno.
int startServer(std::vector<std::string> arguments, const std::filesystem::path& log, pid_t& pid) {
    const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (output < 0) {
        return errno;
    }
    const int failure = process::spawn(
        {.arguments = std::move(arguments), .environment = process::ownEnvironment(), .output = output}, pid);
    ::close(output);
    return failure;
}

std::string lastLineOf(const std::filesystem::path& file) {
    std::ifstream lines(file);
    std::string last;
    for (std::string line; std::getline(lines, line);) {
        last = line;
    }
    return last;
}

}  // namespace

tl::expected<std::unique_ptr<BenchServer>, std::string> BenchServer::start(const Drawing& drawing) {
    std::unique_ptr<BenchServer> server(new BenchServer());
    std::error_code error;
    std::string folder = (std::filesystem::temp_directory_path(error) / "easel-bench-XXXXXX").string();
    if (::mkdtemp(folder.data()) == nullptr) {
        return tl::unexpected(fmt::format("The folder {} cannot be made: {}.", folder, std::strerror(errno)));
    }
    server->m_folder = folder;
    const auto portFile = server->m_folder / "port";
    std::vector<std::string> arguments = {thisProgram(),
                                          "serve",
                                          "--port",
                                          "0",
                                          "--port-file",
                                          portFile.string(),
                                          "--data",
                                          (server->m_folder / "data").string(),
                                          "--device",
                                          drawing.device,
                                          "--precision",
                                          drawing.precision,
                                          "--worker",
                                          drawing.worker.string(),
                                          "--model",
                                          drawing.model.string(),
                                          "--drain-seconds",
                                          "0",
                                          "--end-with-parent",
                                          std::to_string(::getpid())};
    if (drawing.memory > 0) {
        arguments.insert(arguments.end(), {"--memory", std::to_string(drawing.memory)});
    }
    if (const int failure = startServer(std::move(arguments), server->m_folder / "log", server->m_pid);
        failure != 0) {
        return tl::unexpected(fmt::format("The server cannot be started: {}.", std::strerror(failure)));
    }
    std::string port;
    while (!(std::ifstream(portFile) >> port)) {
        if (::waitpid(server->m_pid, nullptr, WNOHANG) == server->m_pid) {
            server->m_pid = -1;
            return tl::unexpected("The server has ended: " + lastLineOf(server->m_folder / "log"));
        }
        std::this_thread::sleep_for(20ms);
    }
    server->m_address = {"127.0.0.1", port};
    return server;
}

BenchServer::~BenchServer() {
    if (m_pid > 0) {
        ::kill(m_pid, SIGTERM);
        ::waitpid(m_pid, nullptr, 0);
    }
    std::error_code ignored;
    std::filesystem::remove_all(m_folder, ignored);
}

}  // namespace easel::commands
