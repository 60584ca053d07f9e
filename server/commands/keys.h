// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "shared/protocol/key_info.h"

namespace easel::commands {

struct KeysOptions {
    enum class Action { Create, List, Revoke };

    Action action = Action::List;
    std::string name;  ///< of the key to make, or the name or id of the one to revoke
    protocol::KeyScope scope = protocol::KeyScope::Generate;
    std::optional<int> jobsPerMinute = {};
    std::filesystem::path data;    ///< empty: see administeredData
    std::filesystem::path config;  ///< of the server whose data it is
    bool all = false;              ///< list those that were revoked, too
    bool json = false;
};

/// Makes, lists or revokes keys, also while a server runs. A new key's secret goes to standard output, once
/// and alone, and what to do with it to standard error. Answers the exit status.
int keys(const KeysOptions& options);

}  // namespace easel::commands
