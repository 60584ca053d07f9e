// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/generator/frames.h"
#include "server/generator/output_relay.h"

namespace easel::generator {

/// A program that this process started (process::spawn) and talks to over a socket pair, whose other end it
/// gets. What it prints is relayed line by line. The kernel kills it when the thread that started it goes, if
/// it asks for that (`endWithParent`). One thread's, but for the channel.
class ChildProcess {
public:
    /// Failure: an errno.
    static tl::expected<ChildProcess, int> start(const std::vector<std::string>& arguments,
                                                 const std::vector<std::string>& environment,
                                                 std::function<void(const std::string&)> onLine);

    const std::shared_ptr<FrameChannel>& channel() const { return m_channel; }
    /// Sees it end and says how: by itself within `patience`, else within `grace` of SIGTERM, else by
    /// SIGKILL. To be called once, at last.
    std::string end(std::chrono::milliseconds patience, std::chrono::milliseconds grace);

private:
    ChildProcess(pid_t pid, std::shared_ptr<FrameChannel> channel, std::unique_ptr<OutputRelay> output);

    pid_t m_pid;
    std::shared_ptr<FrameChannel> m_channel;
    std::unique_ptr<OutputRelay> m_output;
};

/// The variables that a worker is given, as "NAME=VALUE": of ours only those that say where and how it
/// computes, for whatever reads its memory or its crash report should find no passwords there. Those of `own`
/// take the place of ours.
std::vector<std::string> childEnvironment(const std::vector<std::string>& own = {});

/// For the child: asks the system to kill this process when the thread that started it goes. Besides, it must
/// end when its channel does, for the parent may have gone before this call.
void endWithParent();
/// For the child: whatever it executes gains no privileges by that.
void gainNoPrivileges();

}  // namespace easel::generator
