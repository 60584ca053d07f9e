// SPDX-License-Identifier: Apache-2.0
#include "server/hub/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include "server/hub/fetching.h"
#include "server/hub/problems.h"

namespace easel::hub {

using protocol::Expected;
using std::filesystem::path;

namespace {

protocol::Problem cannotLock(const path& file, int error) {
    const std::string why = std::generic_category().message(error);
    if (error == ENOSPC || error == EDQUOT) {
        return protocol::noSpace("The disk with " + file.string() + " is full. What is here is kept.");
    }
    return protocol::internalError(file.string() + " cannot be written: " + why + ".");
}

}  // namespace

Expected<FileLock> FileLock::wait(const path& file, const std::stop_token& stop) {
    constexpr std::chrono::milliseconds kLookAgain{100};
    const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) {
        return tl::unexpected(cannotLock(file, errno));
    }
    FileLock lock(fd);
    while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) {
            return tl::unexpected(cannotLock(file, errno));
        }
        if (!pause(kLookAgain, stop)) {
            return tl::unexpected(stopped());
        }
    }
    return lock;
}

std::optional<FileLock> FileLock::take(const path& file) {
    return tryTo(LOCK_EX, O_RDWR, file);  // some file systems want it writable for that
}

std::optional<FileLock> FileLock::share(const path& file) {
    return tryTo(LOCK_SH, O_RDONLY, file);
}

bool FileLock::isTaken(const path& file) {
    return ::access(file.c_str(), R_OK | W_OK) == 0 && !take(file);
}

std::optional<FileLock> FileLock::tryTo(int operation, int mode, const path& file) {
    const int fd = ::open(file.c_str(), mode | O_CLOEXEC);
    if (fd < 0) {
        return std::nullopt;
    }
    FileLock lock(fd);
    return ::flock(fd, operation | LOCK_NB) == 0 ? std::optional(std::move(lock)) : std::nullopt;
}

FileLock::FileLock(FileLock&& other) noexcept : m_fd(std::exchange(other.m_fd, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
    std::swap(m_fd, other.m_fd);
    return *this;
}

FileLock::~FileLock() {
    if (m_fd >= 0) {
        ::close(m_fd);
    }
}

}  // namespace easel::hub
