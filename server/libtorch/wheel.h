// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

#include "server/libtorch/pins.h"
#include "shared/protocol/problem.h"

namespace easel::libtorch {

/// Whether a file of a wheel is unpacked: shared objects that a program without Python may load, and
/// licences. For the CPU alone not those that CUDA is needed for.
bool isWanted(std::string_view name, Kind kind);

/// A wheel on the disk: a zip file, whose hash is known to be right. All of its names are looked at
/// nevertheless: one that leads out of the folder, a link and what is no plain file make it unusable.
class Wheel {
public:
    /// `title` is what messages call it.
    Wheel(std::filesystem::path file, std::string title, Kind kind)
        : m_file(std::move(file)), m_title(std::move(title)), m_kind(kind) {}

    /// Bytes of all that is wanted of it, unpacked.
    protocol::Expected<std::int64_t> wantedBytes() const;
    /// Writes what is wanted of it below `folder`, for good; what is there is replaced. `onBytes` is told
    /// what has been written since. Errors: the disk is full, the wheel is damaged, stopped.
    protocol::Expected<void> unpack(const std::filesystem::path& folder,
                                    const std::function<void(std::int64_t)>& onBytes,
                                    const std::stop_token& stop) const;

private:
    class Archive;

    std::filesystem::path m_file;
    std::string m_title;
    Kind m_kind;
};

}  // namespace easel::libtorch
