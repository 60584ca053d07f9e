// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

#include "shared/protocol/problem.h"

namespace easel::hub {

/// A blob that is on its way, in parts that are filled at the same time: BLOB.easel.incomplete, and beside it
/// BLOB.easel.parts, which says how far each part is, so that another process can go on. A part is written
/// before it is said to be; after a power cut the blob's hash tells. Each part is for one thread.
class PartialFile {
public:
    /// What a process before this one left is taken up where it is of the same size, in the same parts.
    static protocol::Expected<std::unique_ptr<PartialFile>> open(const std::filesystem::path& blob,
                                                                 std::int64_t size, std::int64_t partSize);
    /// How many bytes of it are there already.
    static std::int64_t bytesOf(const std::filesystem::path& blob, std::int64_t size, std::int64_t partSize);
    ~PartialFile();
    PartialFile(const PartialFile&) = delete;
    PartialFile& operator=(const PartialFile&) = delete;

    std::size_t parts() const { return m_count; }
    std::int64_t beginOf(std::size_t part) const { return static_cast<std::int64_t>(part) * m_partSize; }
    std::int64_t endOf(std::size_t part) const;
    /// Up to where a part is there.
    std::int64_t doneOf(std::size_t part) const { return beginOf(part) + m_done[part]; }
    /// Something of it was there when it was opened.
    bool isResumed() const { return m_isResumed; }

    /// Writes at the end of what a part has.
    protocol::Expected<void> append(std::size_t part, std::span<const char> bytes);
    const std::filesystem::path& data() const { return m_data; }
    /// All is there and is what it should be: gives it its name.
    protocol::Expected<void> finish();
    /// Forgets what is there.
    protocol::Expected<void> startOver();

private:
    PartialFile(std::filesystem::path blob, std::int64_t size, std::int64_t partSize);
    protocol::Expected<void> openFiles();

    const std::filesystem::path m_blob;
    const std::filesystem::path m_data;
    const std::filesystem::path m_record;
    const std::int64_t m_size;
    const std::int64_t m_partSize;
    const std::size_t m_count;
    std::unique_ptr<std::int64_t[]> m_done;
    bool m_isResumed = false;
    int m_dataFd = -1;
    int m_recordFd = -1;
};

}  // namespace easel::hub
