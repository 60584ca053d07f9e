// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/image_folder.h"

#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "server/jobs/job_id.h"
#include "server/jobs/picture_files.h"
#include "shared/process/files.h"

namespace easel::jobs {

namespace {

using protocol::Expected;

bool isPicture(std::string_view name) {
    constexpr std::string_view kEnd = ".png";
    return name.size() > kEnd.size() && name.ends_with(kEnd) &&
           name.find_first_not_of("0123456789") == name.size() - kEnd.size();
}

bool isDraft(std::string_view name) {
    return name.ends_with(kDraft) && isPicture(name.substr(0, name.size() - kDraft.size()));
}

int countPictures(const std::filesystem::path& folder) {
    int count = 0;
    for (const std::filesystem::path& entry : entriesOf(folder)) {
        count += isPicture(entry.filename().string()) ? 1 : 0;
    }
    return count;
}

/// The folders of jobs in `folder`, which may itself be a link to another disk.
std::vector<std::filesystem::path> jobsIn(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> jobs;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
        if (isJobId(entry.path().filename().string()) && entry.is_directory(ignored) &&
            !entry.is_symlink(ignored)) {
            jobs.push_back(entry.path());
        }
    }
    return jobs;
}

}  // namespace

Expected<ImageFolder> ImageFolder::open(std::filesystem::path folder) {
    return makeHome(folder).map([&] { return ImageFolder(std::move(folder)); });
}

std::filesystem::path ImageFolder::path(const std::string& job, int index) const {
    return m_folder / job / (std::to_string(index) + ".png");
}

Expected<void> ImageFolder::write(const std::string& job, int index,
                                  std::span<const std::uint8_t> bytes) const {
    if (!isJobId(job)) {  // From a database that somebody has changed; it could lead anywhere.
        return tl::unexpected(protocol::internalError(
            fmt::format("A picture of \"{}\" cannot be kept: no job has such an id.", job)));
    }
    return writePicture(m_folder, path(job, index), bytes);
}

void ImageFolder::remove(const std::string& job) const {
    if (!isJobId(job)) {
        return;
    }
    std::error_code ignored;  // What stays has no job any more, and is set aside at the next start.
    for (const auto& entry : entriesOf(m_folder / job)) {
        const std::string name = entry.filename().string();
        if (isPicture(name) || isDraft(name)) {
            std::filesystem::remove(entry, ignored);
        }
    }
    std::filesystem::remove(m_folder / job, ignored);  // Not when there is something else in it.
}

int ImageFolder::setAside(const std::function<bool(const std::string&)>& isKnown) const {
    const std::filesystem::path away = setAsideFolder();
    std::error_code ignored;  // What cannot be moved stays where it is.
    for (const auto& folder : jobsIn(away)) {
        const auto home = m_folder / folder.filename();
        if (isKnown(folder.filename().string()) && !std::filesystem::exists(home, ignored)) {
            std::filesystem::rename(folder, home, ignored);
        }
    }
    int count = 0;
    for (const auto& folder : jobsIn(m_folder)) {
        const std::string job = folder.filename().string();
        if (isKnown(job)) {
            continue;
        }
        const int pictures = countPictures(folder);
        if (pictures == 0) {
            remove(job);
            continue;
        }
        process::makeFolder(away);
        std::error_code failed;
        std::filesystem::rename(folder, process::freeNameIn(away, job), failed);
        count += failed ? 0 : pictures;
    }
    return count;
}

int ImageFolder::countSetAside() const {
    int count = 0;
    for (const auto& folder : entriesOf(setAsideFolder())) {
        count += countPictures(folder);
    }
    return count;
}

std::filesystem::path ImageFolder::setAsideFolder() const {
    return process::setAsideBeside(m_folder);
}

}  // namespace easel::jobs
