// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

/// Where things are on this machine.
namespace easel::commands {

/// What draws, as commands let it be chosen. Empty: the default.
struct Drawing {
    std::filesystem::path model;  ///< a folder; for a server the test pattern, too
    std::string device = "auto";  ///< for a server a list, "cuda:0,cuda:1", each with a worker of its own
    std::string precision = "auto";
    std::filesystem::path worker;  ///< the easel-worker program
    std::int64_t memory = 0;       ///< bytes for models and drawings; 0: what is free
};

/// easel-worker beside this program, installed (../libexec/easel), or where the build puts it. A path that
/// may not exist.
std::filesystem::path findWorker();
/// The model that comes with Easel: installed (../share/easel/starter-model), else in the source tree that
/// this program was built from. A path that may not exist.
std::filesystem::path findStarterModel();
/// The user's folder for the server's jobs and pictures, by the XDG base directory rules; without HOME in
/// the account's own folder. Empty when there is none either.
std::filesystem::path dataFolder();

/// libtorch on a machine with Easel's packages, below the folder that the service's account owns.
inline constexpr const char* kSystemLibtorch = "/var/lib/easel/libtorch";

/// Where the Hugging Face hub's tools keep their things, the login's token among them: HF_HOME,
/// XDG_CACHE_HOME, then the home folder as above. Empty without any; a path that may not exist.
std::filesystem::path hubHome();
/// The cache of the hub: HF_HUB_CACHE, its older name HUGGINGFACE_HUB_CACHE, then below hubHome(). Empty
/// without any; a path that may not exist.
std::filesystem::path hubCache();
/// Where what draws without a server remembers which kernels are right on a GPU: below XDG_CACHE_HOME, then
/// the home folder as above. Empty without any; a path that may not exist.
std::filesystem::path kernelsCache();

/// The names in a list of devices.
std::vector<std::string> devicesIn(const std::string& list);
/// Why this is no device, and no list of devices, as --device takes them; empty: it is one.
std::string objectionToDevice(const std::string& name);
std::string objectionToDevices(const std::string& list);
/// Milliseconds for each of its steps when `model` is the test pattern, "test-pattern" or "test-pattern:20".
std::optional<int> testPatternIn(const std::filesystem::path& model);
/// Puts the defaults in.
Drawing withDefaults(Drawing drawing);

}  // namespace easel::commands
