// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "server/libtorch/pins.h"
#include "shared/protocol/problem.h"

namespace easel::libtorch {

/// The last file of a libtorch to appear. Who uses that libtorch has a share in this file's lock, and who
/// takes it away has the lock alone.
inline constexpr const char* kComplete = "complete";
/// Without this library there is no libtorch, and whoever has no other finds the rest beside it.
inline constexpr const char* kMainLibrary = "libtorch_cpu.so";

/// Where to look for it.
struct Search {
    std::filesystem::path given;                 ///< by a person: this one or none; empty: look in `folders`
    std::vector<std::filesystem::path> folders;  ///< that `setUp` has put it into
    bool hasDriver = false;                      ///< NVIDIA's: then the one for the GPU comes first
    /// Names of those that fit this program.
    std::array<std::string, 2> names = {pinsOf(Kind::Cpu).name, pinsOf(Kind::Cuda).name};
};

/// A libtorch that is here.
struct Place {
    std::filesystem::path libraries;  ///< the folder with the shared objects
    std::filesystem::path mark;       ///< its kComplete; empty for one that was given
};

/// Errors: 503, it is missing; 422, there is none where it was said to be.
protocol::Expected<Place> find(const Search& search);

}  // namespace easel::libtorch
