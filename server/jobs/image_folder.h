// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>

#include "shared/protocol/problem.h"

namespace easel::jobs {

/// The finished pictures as files, `folder/JOB/INDEX.png`. A file is there complete or not at all, also
/// after a power cut. What has no name of this form is somebody else's and never touched. Safe to use from
/// any thread for different jobs.
class ImageFolder {
public:
    /// Made when it is not there yet.
    static protocol::Expected<ImageFolder> open(std::filesystem::path folder);

    std::filesystem::path path(const std::string& job, int index) const;
    /// Replaces an earlier file; makes the folder anew when it was removed. Errors: noSpace when the disk is
    /// full, else internalError.
    protocol::Expected<void> write(const std::string& job, int index,
                                   std::span<const std::uint8_t> bytes) const;
    /// Removes every image of `job`, if there are any. Needs no room on the disk.
    void remove(const std::string& job) const;

    /// Moves the images of every job that `isKnown` denies into the folder "set-aside" beside this one, and
    /// those that it knows again back. Answers how many pictures were moved away.
    int setAside(const std::function<bool(const std::string& job)>& isKnown) const;
    /// The pictures that lie there.
    int countSetAside() const;
    std::filesystem::path setAsideFolder() const;

private:
    explicit ImageFolder(std::filesystem::path folder) : m_folder(std::move(folder)) {}

    std::filesystem::path m_folder;
};

}  // namespace easel::jobs
