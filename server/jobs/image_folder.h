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
/// after a power cut. Safe to use from any thread for different jobs.
class ImageFolder {
public:
    /// Made when it is not there yet.
    static protocol::Expected<ImageFolder> open(std::filesystem::path folder);

    std::filesystem::path path(const std::string& job, int index) const;
    /// Replaces an earlier file. Errors: noSpace when the disk is full, else internalError.
    protocol::Expected<void> write(const std::string& job, int index,
                                   std::span<const std::uint8_t> bytes) const;
    /// Removes every image of `job`, if there are any.
    void remove(const std::string& job) const;
    /// Removes the images of every job that `isKnown` denies.
    void removeStrangers(const std::function<bool(const std::string& job)>& isKnown) const;

private:
    explicit ImageFolder(std::filesystem::path folder) : m_folder(std::move(folder)) {}

    std::filesystem::path m_folder;
};

}  // namespace easel::jobs
