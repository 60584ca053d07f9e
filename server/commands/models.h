// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace easel::commands {

struct ModelsCommand {
    std::string id;                             ///< or a path, to be inspected
    std::string revision;                       ///< of what is removed; empty: all of them
    std::filesystem::path cache;                ///< empty: the hub's own
    std::vector<std::filesystem::path> models;  ///< folders of more models, as `serve` has them
    bool json = false;
    bool yes = false;  ///< removes without asking
};

/// What is here. Each answers the exit status.
int listModels(ModelsCommand command);
int inspectModel(ModelsCommand command);
/// Compares each file of a model in the hub's cache with its hash.
int verifyModel(ModelsCommand command);
/// Takes a model out of the hub's cache, once a person has agreed.
int removeModel(ModelsCommand command);

}  // namespace easel::commands
