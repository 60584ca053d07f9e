// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/input_folder.h"

#include <cerrno>
#include <cstring>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "shared/process/files.h"
#include "shared/protocol/input_info.h"

namespace easel::jobs {

namespace {

using protocol::Expected;

constexpr std::size_t kShelfLetters = 2;
constexpr std::string_view kDraft = ".part";

protocol::Problem failure(const std::filesystem::path& place, int error) {
    if (error == ENOSPC || error == EDQUOT) {
        return protocol::noSpace("The disk with the server's data is full; the picture could not be kept.");
    }
    return protocol::internalError(
        fmt::format("The picture could not be kept: {}: {}.", place.string(), std::strerror(error)));
}

/// What is in `folder`; nothing when it cannot be read, or is a link to elsewhere.
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

}  // namespace

Expected<InputFolder> InputFolder::open(std::filesystem::path folder) {
    if (const int error = process::makeFolder(folder); error != 0 && error != EEXIST) {
        return tl::unexpected(protocol::internalError(
            fmt::format("The folder {} cannot be made: {}.", folder.string(), std::strerror(error))));
    }
    return InputFolder(std::move(folder));
}

std::filesystem::path InputFolder::pathIn(const std::filesystem::path& folder, const std::string& id) {
    return folder / id.substr(0, kShelfLetters) / id;
}

bool InputFolder::holds(const std::string& id, std::int64_t bytes) const {
    std::error_code error;
    const auto size = std::filesystem::file_size(path(id), error);
    return !error && static_cast<std::int64_t>(size) == bytes;
}

Expected<void> InputFolder::write(const std::string& id, std::span<const std::uint8_t> bytes) const {
    const std::filesystem::path target = path(id);
    const std::filesystem::path shelf = target.parent_path();
    int made = process::makeFolder(shelf);
    if (made == ENOENT) {  // Somebody has removed all of it.
        if (made = process::makeFolder(m_folder); made == 0) {
            made = process::makeFolder(shelf);
        }
    }
    if (made != 0 && made != EEXIST) {
        return tl::unexpected(failure(shelf, made));
    }
    int error = process::writeWhole(target, bytes);
    if (error == 0 && made == 0) {
        error = process::sync(m_folder);
    }
    if (error != 0) {
        return tl::unexpected(failure(target, error));
    }
    return {};
}

void InputFolder::remove(const std::string& id) const {
    std::error_code ignored;  // What stays is a stranger at the next start.
    std::filesystem::remove(path(id), ignored);
    std::filesystem::remove(path(id).parent_path(), ignored);  // not when there is something else in it
}

void InputFolder::removeStrangers(const std::function<bool(const std::string& id)>& isKnown) const {
    for (const auto& shelf : entriesOf(m_folder)) {
        for (const auto& entry : entriesOf(shelf)) {
            const std::string name = entry.filename().string();
            const bool isDraft = name.ends_with(kDraft);
            const std::string id = isDraft ? name.substr(0, name.size() - kDraft.size()) : name;
            if (!protocol::isInputId(id) || path(id).parent_path() != shelf) {
                continue;
            }
            std::error_code ignored;
            if (isDraft) {
                std::filesystem::remove(entry, ignored);
            } else if (!isKnown(id)) {
                remove(id);
            }
        }
    }
}

}  // namespace easel::jobs
