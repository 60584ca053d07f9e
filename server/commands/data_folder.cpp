// SPDX-License-Identifier: Apache-2.0
#include "server/commands/data_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

namespace easel::commands {

protocol::Expected<DataFolder> DataFolder::open(std::filesystem::path folder) {
    const auto refuse = [&folder](const std::string& why) {
        return tl::unexpected(
            protocol::internalError("The data folder " + folder.string() + " cannot be used: " + why + "."));
    };
    std::error_code error;
    if (std::filesystem::create_directories(folder, error)) {
        std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
    }
    if (error) {
        return refuse(error.message());
    }
    const int lock = ::open((folder / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0) {
        return refuse(std::strerror(errno));
    }
    if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
        const int reason = errno;
        ::close(lock);
        return refuse(reason == EWOULDBLOCK ? "another easel-server uses it; stop that one or choose another "
                                              "folder with --data"
                                            : std::strerror(reason));
    }
    return DataFolder(std::move(folder), lock);
}

DataFolder::DataFolder(std::filesystem::path folder, int lock) : m_folder(std::move(folder)), m_lock(lock) {}

DataFolder::DataFolder(DataFolder&& other) noexcept
    : m_folder(std::move(other.m_folder)), m_lock(std::exchange(other.m_lock, -1)) {}

DataFolder::~DataFolder() {
    if (m_lock >= 0) {
        ::close(m_lock);  // The lock goes with it, also when the process is killed.
    }
}

}  // namespace easel::commands
