// SPDX-License-Identifier: Apache-2.0
#include "server/commands/port_holder.h"

#include <charconv>
#include <fstream>
#include <set>
#include <sstream>
#include <string_view>
#include <system_error>

#include <fmt/core.h>

namespace easel::commands {

namespace {

using std::filesystem::path;

/// The links that programs' descriptors of the sockets are that listen on `port`: "socket:[4711]".
std::set<std::string> socketsOn(std::uint16_t port, const path& root) {
    constexpr std::string_view kListens = "0A";
    const std::string ending = fmt::format(":{:04X}", port);
    std::set<std::string> sockets;
    for (const char* const table : {"proc/net/tcp", "proc/net/tcp6"}) {
        std::ifstream lines(root / table);
        for (std::string line; std::getline(lines, line);) {
            std::istringstream fields(line);
            std::string number;
            std::string local;
            std::string remote;
            std::string state;
            std::string skipped;
            std::string inode;
            fields >> number >> local >> remote >> state;
            for (int i = 0; i < 5; ++i) {  // queues, timers, retransmissions, account, timeout
                fields >> skipped;
            }
            if (fields >> inode && state == kListens && local.ends_with(ending)) {
                sockets.insert("socket:[" + inode + ']');
            }
        }
    }
    return sockets;
}

bool holdsOne(const path& process, const std::set<std::string>& sockets) {
    std::error_code error;
    for (std::filesystem::directory_iterator it(process / "fd", error), end; !error && it != end;
         it.increment(error)) {
        std::error_code gone;
        if (sockets.contains(std::filesystem::read_symlink(it->path(), gone).string())) {
            return true;
        }
    }
    return false;
}

}  // namespace

std::optional<PortHolder> whoListensOn(std::uint16_t port, const path& root) {
    const auto sockets = socketsOn(port, root);
    if (sockets.empty()) {
        return std::nullopt;
    }
    std::error_code error;
    for (std::filesystem::directory_iterator it(root / "proc", error), end; !error && it != end;
         it.increment(error)) {
        const std::string name = it->path().filename().string();
        PortHolder holder;
        const char* const last = name.data() + name.size();
        if (std::from_chars(name.data(), last, holder.process).ptr != last || holder.process <= 0 ||
            !holdsOne(it->path(), sockets)) {
            continue;
        }
        std::ifstream names(it->path() / "comm");
        std::getline(names, holder.program);
        return holder;
    }
    return std::nullopt;
}

}  // namespace easel::commands
