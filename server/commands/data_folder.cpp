// SPDX-License-Identifier: Apache-2.0
#include "server/commands/data_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <random>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/core.h>

#include "shared/process/files.h"

namespace easel::commands {

namespace {

using protocol::Expected;
using std::filesystem::path;

constexpr std::string_view kMark = "easel-server-id";
constexpr std::size_t kIdLength = 32;
constexpr std::string_view kHexDigits = "0123456789abcdef";

bool isOwn(std::string_view name) {
    constexpr std::string_view kNames[] = {
        kMark, "easel-server-id.part", "lock", "images", "inputs", "reserve", "set-aside", "tickets", "tls"};
    constexpr std::string_view kBeginnings[] = {"address", "jobs.sqlite", "kernels", "keys.json", "widths"};
    return std::ranges::find(kNames, name) != std::end(kNames) ||
           std::ranges::any_of(kBeginnings, [&](std::string_view begin) { return name.starts_with(begin); });
}

struct Contents {
    bool isMarked = false;
    bool isOlder = false;  ///< from before there was a mark
    bool hasOthers = false;
};

Expected<Contents> lookInto(const path& folder) {
    Contents contents;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        const std::string name = entry.path().filename().string();
        contents.hasOthers |= !isOwn(name) && name != "lost+found";  // of a file system's root
    }
    if (error) {
        return tl::unexpected(protocol::internalError(error.message()));
    }
    contents.isMarked = std::filesystem::exists(folder / kMark, error);
    contents.isOlder = std::filesystem::is_regular_file(folder / "jobs.sqlite", error) ||
                       (std::filesystem::is_regular_file(folder / "lock", error) &&
                        std::filesystem::is_directory(folder / "images", error));
    return contents;
}

/// Takes other accounts' rights to a file or folder of our own.
void makePrivate(const path& place) {
    struct stat status {};
    const bool isReal = ::lstat(place.c_str(), &status) == 0 && !S_ISLNK(status.st_mode);
    if (isReal && status.st_uid == ::geteuid() && (status.st_mode & 077) != 0) {
        ::chmod(place.c_str(), S_ISDIR(status.st_mode) ? 0700 : 0600);
    }
}

std::string newId() {
    std::random_device device;
    std::string id;
    for (std::size_t i = 0; i < kIdLength; ++i) {
        id += kHexDigits[device() % kHexDigits.size()];
    }
    return id;
}

/// Empty when there is none that can be read.
std::string readId(const path& file) {
    std::ifstream stream(file);
    std::string id;
    std::getline(stream, id);
    return id.size() == kIdLength && id.find_first_not_of(kHexDigits) == std::string::npos ? id : "";
}

tl::unexpected<protocol::Problem> refusal(const path& folder, const std::string& why) {
    return tl::unexpected(
        protocol::internalError("The data folder " + folder.string() + " cannot be used: " + why + "."));
}

/// What is in the folder, where it is Easel's or can become it.
Expected<Contents> fitting(const path& folder) {
    auto contents = lookInto(folder);
    if (!contents) {
        return refusal(folder, contents.error().detail);
    }
    if (contents->hasOthers && !contents->isMarked && !contents->isOlder) {
        return refusal(folder,
                       "it holds other files and nothing of Easel's; choose a new or an empty folder with "
                       "--data, such as " +
                           (folder / "easel").string());
    }
    return contents;
}

/// The same; the folder is made if need be.
Expected<Contents> usable(const path& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) {
        return refusal(folder, error.message());
    }
    return fitting(folder);
}

}  // namespace

Expected<void> DataFolder::check(const path& folder) {
    std::error_code error;
    if (!std::filesystem::is_directory(folder, error)) {
        return {};
    }
    return fitting(folder).map([](const Contents&) {});
}

Expected<void> DataFolder::prepare(const path& folder) {
    std::error_code ignored;
    const bool isThere = std::filesystem::exists(folder, ignored);
    const auto contents = usable(folder);
    if (!contents) {
        return tl::unexpected(contents.error());
    }
    if (!isThere) {
        makePrivate(folder);
    }
    return {};
}

Expected<DataFolder> DataFolder::open(path folder) {
    const auto contents = usable(folder);
    if (!contents) {
        return tl::unexpected(contents.error());
    }
    const auto refuse = [&folder](const std::string& why) { return refusal(folder, why); };
    std::error_code error;
    DataFolder data(folder);
    if (const int failed = data.lock(); failed != 0) {
        return refuse(failed == EWOULDBLOCK ? "another easel-server uses it; stop that one or choose another "
                                              "folder with --data"
                                            : std::strerror(failed));
    }
    data.m_id = readId(folder / kMark);
    if (data.m_id.empty()) {
        data.m_id = newId();
        // An older folder on a full disk still has to be opened, or nothing in it could be deleted.
        if (process::writeWhole(folder / kMark, data.m_id + '\n') != 0 && !contents->isOlder) {
            return refuse("the file " + std::string(kMark) + " cannot be written");
        }
    }
    if (!contents->hasOthers) {
        makePrivate(folder);
    }
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        if (isOwn(entry.path().filename().string())) {
            makePrivate(entry.path());
        }
    }
    return data;
}

/// The folder itself and a file in it: a file can be removed under a running server, and some network file
/// systems cannot lock a folder. 0 or an errno.
int DataFolder::lock() {
    const auto take = [](int descriptor) {
        return descriptor >= 0 && ::flock(descriptor, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
    };
    m_self = ::open(m_folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (const int error = take(m_self); error != 0 && error != EBADF) {
        return error;
    }
    m_lock = ::open((m_folder / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    return take(m_lock);
}

DataFolder::DataFolder(DataFolder&& other) noexcept
    : m_folder(std::move(other.m_folder)),
      m_id(std::move(other.m_id)),
      m_self(std::exchange(other.m_self, -1)),
      m_lock(std::exchange(other.m_lock, -1)) {}

DataFolder::~DataFolder() {
    for (const int descriptor : {m_self, m_lock}) {
        if (descriptor >= 0) {
            ::close(descriptor);  // The lock goes with it, also when the process is killed.
        }
    }
}

}  // namespace easel::commands
