// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

#include "shared/protocol/problem.h"

namespace easel::models {

/// A file's bytes, mapped read-only; owns the map. Read by any thread. A file that another program cuts
/// short while it is mapped ends this one with SIGBUS, as with every memory map.
class MappedFile {
public:
    static protocol::Expected<MappedFile> open(const std::filesystem::path& path);

    MappedFile() = default;
    ~MappedFile();
    MappedFile(MappedFile&& other) noexcept;
    MappedFile& operator=(MappedFile&& other) noexcept;

    std::span<const std::byte> bytes() const { return m_bytes; }

private:
    explicit MappedFile(std::span<const std::byte> bytes) : m_bytes(bytes) {}

    std::span<const std::byte> m_bytes;
};

}  // namespace easel::models
