// SPDX-License-Identifier: Apache-2.0
#include "server/http/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include <fmt/core.h>

namespace easel::http {

std::shared_ptr<const File> File::open(const std::filesystem::path& path) {
    // Opening a FIFO would otherwise wait for somebody who writes to it.
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (descriptor < 0) {
        return nullptr;
    }
    struct stat status {};
    if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
        ::close(descriptor);
        return nullptr;
    }
    std::string version =
        fmt::format("{}-{}.{}", status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
    return std::shared_ptr<const File>(
        new File(descriptor, static_cast<std::uint64_t>(status.st_size), std::move(version)));
}

File::~File() {
    ::close(m_descriptor);
}

std::size_t File::read(std::uint64_t offset, std::span<char> into) const {
    ssize_t count = 0;
    do {
        count = ::pread(m_descriptor, into.data(), into.size(), static_cast<off_t>(offset));
    } while (count < 0 && errno == EINTR);
    return count > 0 ? static_cast<std::size_t>(count) : 0;
}

}  // namespace easel::http
