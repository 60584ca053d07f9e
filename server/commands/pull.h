// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "shared/protocol/problem.h"
#include "shared/protocol/pull_info.h"
#include "shared/text/sizes.h"

namespace easel::commands {

struct PullCommand {
    protocol::PullRequest request;
    std::vector<std::string> only;  ///< parts; empty: all
    std::optional<std::filesystem::path> tokenFile;
    std::filesystem::path cache;  ///< empty: the hub's own
    bool json = false;
};

/// Brings a model from the hub into its cache. Says what comes and under which licence, then how far it is on
/// a line of standard error; with `json` a line on standard output each time, as `GET /v1/pulls/ID` says it.
/// Answers the exit status.
int pull(PullCommand command);

using text::spelledBytes;
/// Prints what went wrong; 2 when an argument is at fault.
int failWith(const protocol::Problem& problem);

}  // namespace easel::commands
