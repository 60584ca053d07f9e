// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace easel::commands {

struct DoctorOptions {
    std::filesystem::path proof;   ///< the model to draw with; empty: the starter model
    std::filesystem::path data;    ///< empty: as administeredData has it
    std::filesystem::path config;  ///< a server's file of options
    int limit = 300;               ///< seconds for one picture
    bool json = false;
    bool memory = false;  ///< only print what published models take of a GPU's memory
    // As a server has them. Nothing: as they stand in its file of options.
    std::optional<std::filesystem::path> model;
    std::vector<std::filesystem::path> models;
    std::optional<std::filesystem::path> worker;
    std::optional<std::string> device;  ///< "auto" is all of them
    std::optional<std::string> bind;
    std::optional<int> port;
};

void addDoctor(CLI::App& app, DoctorOptions& options);

/// Looks whether this machine can serve, draws on all that it has, and prints what is right and what to do
/// about what is not. Answers the exit status: a failure when something must be mended.
int doctor(const DoctorOptions& options);

}  // namespace easel::commands
