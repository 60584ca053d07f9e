// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/input_folder.h"

#include <system_error>
#include <utility>

#include "server/jobs/picture_files.h"
#include "shared/protocol/input_info.h"

namespace easel::jobs {

namespace {

using protocol::Expected;

constexpr std::size_t kShelfLetters = 2;

}  // namespace

Expected<InputFolder> InputFolder::open(std::filesystem::path folder) {
    return makeHome(folder).map([&] { return InputFolder(std::move(folder)); });
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
    return writePicture(m_folder, path(id), bytes);
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
