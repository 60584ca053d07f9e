// SPDX-License-Identifier: Apache-2.0
#include "shared/process/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

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

}  // namespace

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
