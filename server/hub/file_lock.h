// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <stop_token>

#include "shared/protocol/problem.h"

namespace easel::hub {

/// flock on a file, which Python's hub client respects, too. Free again when it goes, or its process does.
class FileLock {
public:
    /// Waits for as long as another has it. Errors: the file cannot be made, stopped.
    static protocol::Expected<FileLock> wait(const std::filesystem::path& file, const std::stop_token& stop);
    /// Nothing where another has it, or the file is not there.
    static std::optional<FileLock> take(const std::filesystem::path& file);
    /// One that several may have, while nobody has it alone. Nothing as for `take`.
    static std::optional<FileLock> share(const std::filesystem::path& file);
    /// Whether somebody has it just now.
    static bool isTaken(const std::filesystem::path& file);

    FileLock(FileLock&& other) noexcept;
    FileLock& operator=(FileLock&& other) noexcept;
    ~FileLock();

private:
    explicit FileLock(int fd) : m_fd(fd) {}
    static std::optional<FileLock> tryTo(int operation, int mode, const std::filesystem::path& file);

    int m_fd;
};

}  // namespace easel::hub
