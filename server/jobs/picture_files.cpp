// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/picture_files.h"

#include <cerrno>
#include <cstring>
#include <system_error>

#include <fmt/core.h>

#include "shared/process/files.h"

namespace easel::jobs {

namespace {

using protocol::Expected;

protocol::Problem failure(const std::filesystem::path& place, int error) {
    if (error == ENOSPC || error == EDQUOT) {
        return protocol::noSpace("The disk with the server's data is full; the picture could not be kept.");
    }
    return protocol::internalError(
        fmt::format("The picture could not be kept: {}: {}.", place.string(), std::strerror(error)));
}

}  // namespace

Expected<void> makeHome(const std::filesystem::path& folder) {
    if (const int error = process::makeFolder(folder); error != 0 && error != EEXIST) {
        return tl::unexpected(protocol::internalError(
            fmt::format("The folder {} cannot be made: {}.", folder.string(), std::strerror(error))));
    }
    return {};
}

Expected<void> writePicture(const std::filesystem::path& home, const std::filesystem::path& target,
                            std::span<const std::uint8_t> bytes) {
    const std::filesystem::path folder = target.parent_path();
    int made = process::makeFolder(folder);
    if (made == ENOENT) {  // Somebody has removed all of it.
        if (made = process::makeFolder(home); made == 0) {
            made = process::makeFolder(folder);
        }
    }
    if (made != 0 && made != EEXIST) {
        return tl::unexpected(failure(folder, made));
    }
    int error = process::writeWhole(target, bytes);
    if (error == 0 && made == 0) {
        error = process::sync(home);
    }
    if (error != 0) {
        return tl::unexpected(failure(target, error));
    }
    return {};
}

std::vector<std::filesystem::path> entriesOf(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> entries;
    std::error_code ignored;
    if (std::filesystem::symlink_status(folder, ignored).type() == std::filesystem::file_type::directory) {
        for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
            entries.push_back(entry.path());
        }
    }
    return entries;
}

}  // namespace easel::jobs
