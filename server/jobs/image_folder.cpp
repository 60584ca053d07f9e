// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/image_folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>
#include <utility>

namespace easel::jobs {

namespace {

using protocol::Expected;
using protocol::Problem;

Problem failure(const std::filesystem::path& path, int error) {
    if (error == ENOSPC || error == EDQUOT) {
        return protocol::noSpace("The disk with the server's data is full; the picture could not be kept.");
    }
    return protocol::internalError("The picture could not be kept: " + path.string() + ": " +
                                   std::strerror(error) + ".");
}

/// 0 or an errno.
int writeDurably(const std::filesystem::path& path, std::span<const std::uint8_t> bytes) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
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
    if (error == 0 && ::fsync(fd) != 0) {
        error = errno;
    }
    if (::close(fd) != 0 && error == 0) {
        error = errno;
    }
    return error;
}

/// Makes what was created or renamed in `folder` outlive a power cut. 0 or an errno.
int syncFolder(const std::filesystem::path& folder) {
    const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return errno;
    }
    const int error = ::fsync(fd) == 0 ? 0 : errno;
    ::close(fd);
    return error;
}

}  // namespace

Expected<ImageFolder> ImageFolder::open(std::filesystem::path folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) {
        return tl::unexpected(protocol::internalError("The folder " + folder.string() +
                                                      " cannot be made: " + error.message() + "."));
    }
    return ImageFolder(std::move(folder));
}

std::filesystem::path ImageFolder::path(const std::string& job, int index) const {
    return m_folder / job / (std::to_string(index) + ".png");
}

Expected<void> ImageFolder::write(const std::string& job, int index,
                                  std::span<const std::uint8_t> bytes) const {
    const std::filesystem::path target = path(job, index);
    const std::filesystem::path folder = target.parent_path();
    std::error_code made;
    const bool isNew = std::filesystem::create_directory(folder, made);
    if (made) {
        return tl::unexpected(failure(folder, made.value()));
    }
    std::filesystem::path draft = target;
    draft += ".part";
    int error = writeDurably(draft, bytes);
    if (error == 0 && ::rename(draft.c_str(), target.c_str()) != 0) {
        error = errno;
    }
    if (error == 0) {
        error = syncFolder(folder);
    }
    if (error == 0 && isNew) {
        error = syncFolder(m_folder);
    }
    if (error != 0) {
        std::error_code ignored;  // The first failure is the one to tell.
        std::filesystem::remove(draft, ignored);
        return tl::unexpected(failure(target, error));
    }
    return {};
}

void ImageFolder::remove(const std::string& job) const {
    std::error_code ignored;  // What stays is found again by removeStrangers.
    std::filesystem::remove_all(m_folder / job, ignored);
}

void ImageFolder::removeStrangers(const std::function<bool(const std::string&)>& isKnown) const {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(m_folder, ignored)) {
        const std::string job = entry.path().filename().string();
        if (!isKnown(job)) {
            remove(job);
        }
    }
}

}  // namespace easel::jobs
