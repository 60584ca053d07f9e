// SPDX-License-Identifier: Apache-2.0
#include "server/commands/locations.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <initializer_list>
#include <string_view>
#include <system_error>
#include <utility>

namespace easel::commands {

namespace {

using std::filesystem::path;

path programFolder() {
    std::error_code ignored;  // Without /proc the relative places below are looked for from here.
    return std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
}

/// The first that exists, else the first.
path firstThatExists(std::initializer_list<path> candidates) {
    for (const path& candidate : candidates) {
        std::error_code ignored;
        if (std::filesystem::exists(candidate, ignored)) {
            return candidate.lexically_normal();
        }
    }
    return candidates.begin()->lexically_normal();
}

/// A variable that is set to something.
path fromEnvironment(const char* name) {
    const char* value = std::getenv(name);
    return value ? path(value) : path();
}

/// A service often has no HOME; its account may still have a folder.
path homeFolder() {
    if (path home = fromEnvironment("HOME"); !home.empty()) {
        return home;
    }
    const passwd* account = ::getpwuid(::geteuid());
    std::error_code ignored;
    const bool has = account && account->pw_dir && path(account->pw_dir).is_absolute() &&
                     std::filesystem::is_directory(account->pw_dir, ignored);
    return has ? path(account->pw_dir) : path();
}

/// `below` where programs of this user keep what they can do without.
path inCache(const path& below) {
    if (const path caches = fromEnvironment("XDG_CACHE_HOME"); !caches.empty()) {
        return caches / below;
    }
    const path home = homeFolder();
    return home.empty() ? path() : home / ".cache" / below;
}

}  // namespace

path findWorker() {
    const path here = programFolder();
    return firstThatExists(
        {here / "easel-worker", here / "../libexec/easel/easel-worker", here / "../worker/easel-worker"});
}

path findStarterModel() {
    return firstThatExists({programFolder() / "../share/easel/starter-model", EASEL_SOURCE_STARTER_MODEL});
}

path dataFolder() {
    if (const path data = fromEnvironment("XDG_DATA_HOME"); data.is_absolute()) {
        return data / "easel" / "server";
    }
    const path home = homeFolder();
    return home.empty() ? path() : home / ".local" / "share" / "easel" / "server";
}

path hubHome() {
    path hub = fromEnvironment("HF_HOME");
    return hub.empty() ? inCache("huggingface") : hub;
}

path kernelsCache() {
    return inCache(path("easel") / "kernels");
}

path hubCache() {
    for (const char* const name : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"}) {
        if (path cache = fromEnvironment(name); !cache.empty()) {
            return cache;
        }
    }
    const path home = hubHome();
    return home.empty() ? path() : home / "hub";
}

std::vector<std::string> devicesIn(const std::string& list) {
    std::vector<std::string> names;
    std::size_t begin = 0;
    for (std::size_t end = 0; end != std::string::npos; begin = end + 1) {
        end = list.find(',', begin);
        names.push_back(list.substr(begin, end - begin));
    }
    return names;
}

std::string objectionToDevice(const std::string& name) {
    const bool isNumbered = name.starts_with("cuda:") && name.size() > 5 && name.size() < 9 &&
                            name.find_first_not_of("0123456789", 5) == std::string::npos;
    const bool isDevice = isNumbered || name == "auto" || name == "cpu" || name == "cuda";
    return isDevice ? "" : "\"" + name + "\" is none of auto, cpu, cuda, cuda:N";
}

std::string objectionToDevices(const std::string& list) {
    constexpr std::size_t kMost = 64;
    const auto names = devicesIn(list);
    for (const std::string& name : names) {
        if (std::string objection = objectionToDevice(name); !objection.empty()) {
            return objection;
        }
    }
    if (names.size() > 1 && std::ranges::count(names, "auto") > 0) {
        return "auto is one device; name each of several, as in cuda:0,cuda:1";
    }
    return names.size() > kMost ? "there can be at most 64 devices" : "";
}

std::optional<int> testPatternIn(const path& model) {
    constexpr std::string_view kName = "test-pattern";
    constexpr int kLongest = 60'000;  // milliseconds
    const std::string& text = model.native();
    if (text == kName) {
        return 0;
    }
    if (!text.starts_with(kName) || text[kName.size()] != ':') {
        return std::nullopt;
    }
    const char* const last = text.data() + text.size();
    int milliseconds = 0;
    const auto [end, error] = std::from_chars(text.data() + kName.size() + 1, last, milliseconds);
    const bool isRight = error == std::errc() && end == last && milliseconds >= 0 && milliseconds <= kLongest;
    return isRight ? std::optional(milliseconds) : std::nullopt;
}

Drawing withDefaults(Drawing drawing) {
    if (drawing.model.empty()) {
        drawing.model = findStarterModel();
    }
    if (drawing.worker.empty()) {
        drawing.worker = findWorker();
    }
    return drawing;
}

}  // namespace easel::commands
