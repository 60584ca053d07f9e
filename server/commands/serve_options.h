// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "server/commands/locations.h"
#include "server/commands/log.h"
#include "server/jobs/queue_options.h"
#include "shared/protocol/routes.h"

namespace CLI {
class App;
}

namespace easel::commands {

struct ServeOptions {
    std::string bind = "127.0.0.1";
    Drawing drawing;
    std::string publicUrl;                      ///< where people reach it; empty: where it listens
    std::vector<std::string> trustedProxies;    ///< addresses and networks
    std::vector<std::filesystem::path> models;  ///< folders of more models, besides the hub's cache
    std::vector<std::filesystem::path> addons;  ///< folders of what can be added to models
    std::filesystem::path data;                 ///< empty: the user's folder
    std::filesystem::path tlsCert;              ///< speak TLS with this, and the key that belongs to it
    std::filesystem::path tlsKey;
    std::filesystem::path portFile;                  ///< empty: none
    std::filesystem::path config;                    ///< where some of this was read from; see withSettings
    std::optional<std::filesystem::path> tokenFile;  ///< for the hub; see hub::settingsFromEnvironment
    std::optional<double> maxWork;  ///< megapixel-steps of one request; empty: about an hour's
    LogOptions log;
    int port = protocol::routes::kDefaultPort;  ///< 0: any free one
    int drainSeconds = 10;
    jobs::OnRestart onRestart = jobs::OnRestart::Retry;
    // What bounds the finished jobs, whichever is reached first.
    int keepDays = 7;
    int keepJobs = 10'000;
    int keepGib = 10;       ///< of pictures
    int minFreeMib = 128;   ///< of the disk with the data
    int endWhenIdle = 0;    ///< after so many minutes without use; 0: never
    int endWithParent = 0;  ///< the process whose thread started it, and with which it is killed; 0: none
    bool tls = false;       ///< with a certificate of the server's own
    bool allowInsecure = false;
    bool requireKey = false;   ///< let nobody in without a key, even while there is none
    bool noPull = false;       ///< clients cannot have models fetched from the hub
    bool checkConfig = false;  ///< only say whether it could start with all of this
    bool logPrompts = false;
};

/// Whether what clients send and get is encrypted.
bool isEncrypted(const ServeOptions& options);

/// Adds the command "serve" with these options.
void addServe(CLI::App& app, ServeOptions& options);

}  // namespace easel::commands
