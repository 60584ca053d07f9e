// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "server/commands/locations.h"
#include "server/jobs/queue_options.h"
#include "shared/protocol/routes.h"

namespace easel::commands {

struct ServeOptions {
    std::string bind = "127.0.0.1";
    int port = protocol::routes::kDefaultPort;  ///< 0: any free one
    Drawing drawing;
    std::vector<std::filesystem::path> models;  ///< folders of more models, besides the hub's cache
    std::filesystem::path data;                 ///< empty: the user's folder
    bool allowInsecure = false;
    int drainSeconds = 10;
    jobs::OnRestart onRestart = jobs::OnRestart::Retry;
    // What bounds the finished jobs, whichever is reached first.
    int keepDays = 7;
    int keepJobs = 10'000;
    int keepGib = 10;               ///< of pictures
    int minFreeMib = 128;           ///< of the disk with the data
    bool noPull = false;            ///< clients cannot have models fetched from the hub
    std::optional<double> maxWork;  ///< megapixel-steps of one request; empty: about an hour's
    int endWithParent = 0;  ///< the process whose thread started it, and with which it is killed; 0: none
    std::filesystem::path portFile;  ///< empty: none
    bool testPattern = false;        ///< draw without a model
    int stepMs = 0;                  ///< of the test pattern
};

/// Serves HTTP until SIGTERM, SIGINT or SIGHUP, then ends in order. Prints "Listening on http://ADDRESS:PORT"
/// when it is open, and logs to standard error. Answers the exit status.
int serve(ServeOptions options);

}  // namespace easel::commands
