// SPDX-License-Identifier: Apache-2.0
#include "shared/process/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>

namespace easel::process {

namespace {

int write(const std::filesystem::path& file, std::span<const std::uint8_t> bytes, Writing how) {
    const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, how.mode);
    if (fd < 0) {
        return errno;
    }
    int error = 0;
    while (!bytes.empty() && error == 0) {
        const ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written >= 0) {
            bytes = bytes.subspan(static_cast<std::size_t>(written));
        } else if (errno != EINTR) {
            error = errno;
        }
    }
    if (error == 0 && how.durably && ::fsync(fd) != 0) {
        error = errno;
    }
    if (::close(fd) != 0 && error == 0) {
        error = errno;
    }
    return error;
}

int read(int fd, std::size_t most, std::string& text) {
    struct stat status {};
    if (::fstat(fd, &status) != 0) {
        return errno;
    }
    if (!S_ISREG(status.st_mode)) {
        return EISDIR;
    }
    text.resize(static_cast<std::size_t>(status.st_size));
    if (text.size() > most) {
        return EFBIG;
    }
    for (std::size_t done = 0; done < text.size();) {
        const ssize_t count = ::read(fd, text.data() + done, text.size() - done);
        if (count == 0) {
            return EIO;  // somebody cuts it short meanwhile
        }
        if (count < 0 && errno != EINTR) {
            return errno;
        }
        done += static_cast<std::size_t>(std::max<ssize_t>(count, 0));
    }
    return 0;
}

}  // namespace

int readWhole(const std::filesystem::path& file, std::size_t most, std::string& text) {
    const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return errno;
    }
    const int error = read(fd, most, text);
    ::close(fd);
    return error;
}

int writeWhole(const std::filesystem::path& file, std::span<const std::uint8_t> bytes, Writing how) {
    auto draft = file;
    draft += ".part";
    int error = write(draft, bytes, how);
    if (error == 0 && ::rename(draft.c_str(), file.c_str()) != 0) {
        error = errno;
    }
    if (error == 0 && how.durably) {
        error = sync(file.has_parent_path() ? file.parent_path() : ".");
    }
    if (error != 0) {
        std::error_code ignored;  // The first failure is the one to tell.
        std::filesystem::remove(draft, ignored);
    }
    return error;
}

int writeWhole(const std::filesystem::path& file, std::string_view text, Writing how) {
    return writeWhole(file, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, how);
}

int sync(const std::filesystem::path& place) {
    const int fd = ::open(place.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno;
    }
    const int error = ::fsync(fd) == 0 ? 0 : errno;
    ::close(fd);
    return error;
}

int makeFolder(const std::filesystem::path& folder) {
    return ::mkdir(folder.c_str(), 0700) == 0 ? 0 : errno;
}

std::filesystem::path setAsideBeside(const std::filesystem::path& place) {
    return place.parent_path() / "set-aside";
}

std::filesystem::path freeNameIn(const std::filesystem::path& folder, const std::string& name) {
    std::error_code ignored;
    std::filesystem::path free = folder / name;
    for (int number = 2; std::filesystem::exists(std::filesystem::symlink_status(free, ignored)); ++number) {
        free = folder / (name + "-" + std::to_string(number));
    }
    return free;
}

}  // namespace easel::process
