// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "server/keys/key.h"
#include "shared/protocol/problem.h"

/// The file with the keys, which several processes may change.
namespace easel::keys {

/// What is in the file; nothing when there is none. Errors: it cannot be read, is damaged, or was written by
/// a newer Easel. All of it or none: a server must not forget who may come in.
protocol::Expected<std::optional<std::vector<Key>>> readKeys(const std::filesystem::path& file);
/// Replaces the file whole, for its owner alone. Errors: noSpace, internalError.
protocol::Expected<void> writeKeys(const std::filesystem::path& file, const std::vector<Key>& keys);

/// Which file it was; another one after each change.
struct FileMark {
    ::ino_t inode = 0;
    ::off_t bytes = 0;
    std::int64_t modified = 0;  ///< nanoseconds since 1970

    bool operator==(const FileMark&) const = default;
};

/// Nothing when there is no file.
std::optional<FileMark> markOf(const std::filesystem::path& file);

/// The right to change the file, among all processes, for as long as it lives. It is a lock on another file
/// beside it, for the file itself is replaced.
class FileLock {
public:
    /// Waits a moment for others. Errors: they do not end, or the lock file cannot be made.
    static protocol::Expected<FileLock> take(const std::filesystem::path& file);
    ~FileLock();
    FileLock(FileLock&& other) noexcept;
    FileLock& operator=(FileLock&&) = delete;

private:
    explicit FileLock(int descriptor) : m_descriptor(descriptor) {}

    int m_descriptor;
};

}  // namespace easel::keys
