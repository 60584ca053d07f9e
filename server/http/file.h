// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace easel::http {

/// A file that stays readable while it is being sent, even when its name is removed meanwhile.
class File {
public:
    /// Null when there is no such regular file or it cannot be read.
    static std::shared_ptr<const File> open(const std::filesystem::path& path);
    ~File();
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    std::uint64_t size() const { return m_size; }
    /// Changes when the bytes of a file of that name do, in short: its size and when it was written.
    const std::string& version() const { return m_version; }
    /// Reads up to `into.size()` bytes from `offset`; 0 at the end and on failure.
    std::size_t read(std::uint64_t offset, std::span<char> into) const;

private:
    File(int descriptor, std::uint64_t size, std::string version)
        : m_descriptor(descriptor), m_size(size), m_version(std::move(version)) {}

    int m_descriptor;
    std::uint64_t m_size;
    std::string m_version;
};

}  // namespace easel::http
