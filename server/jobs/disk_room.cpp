// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/disk_room.h"

#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <system_error>

#include <fmt/core.h>

namespace easel::jobs {

namespace {

constexpr std::int64_t kMebibyte = std::int64_t{1} << 20;
constexpr std::int64_t kReserveBytes = kMebibyte / 2;  // Many changes of the store, each a few pages.

}  // namespace

std::optional<protocol::Problem> DiskRoom::problem() const {
    if (!m_options.freeBytes) {
        return {};
    }
    const std::int64_t free = m_options.freeBytes();
    if (free >= m_options.minFreeBytes) {
        return {};
    }
    return protocol::noSpace(
        fmt::format("The disk with the server's data has {} MiB free, and {} MiB are kept; delete jobs or "
                    "other files. Jobs that were accepted wait until then.",
                    free / kMebibyte, m_options.minFreeBytes / kMebibyte));
}

void DiskRoom::keepReserve() const {
    if (m_options.reserve.empty() || problem()) {
        return;
    }
    const int fd = ::open(m_options.reserve.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return;  // It is there, or will be tried for again.
    }
    const bool isMade = ::posix_fallocate(fd, 0, kReserveBytes) == 0;
    ::close(fd);
    if (!isMade) {
        releaseReserve();
    }
}

bool DiskRoom::releaseReserve() const {
    std::error_code ignored;
    return !m_options.reserve.empty() && std::filesystem::remove(m_options.reserve, ignored);
}

}  // namespace easel::jobs
