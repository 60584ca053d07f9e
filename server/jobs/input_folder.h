// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>

#include "shared/protocol/problem.h"

namespace easel::jobs {

/// The pictures that clients sent as files, `folder/AB/ABCDEF…` by the hash of their bytes. A file is there
/// complete or not at all, also after a power cut. What has no name of this form is somebody else's and never
/// touched. Safe to use from any thread for different ids.
class InputFolder {
public:
    /// Made when it is not there yet.
    static protocol::Expected<InputFolder> open(std::filesystem::path folder);

    /// `id` is one; see protocol::isInputId.
    std::filesystem::path path(const std::string& id) const { return pathIn(m_folder, id); }
    /// The same for who has the folder's name alone.
    static std::filesystem::path pathIn(const std::filesystem::path& folder, const std::string& id);
    /// Whether it is there with just so many bytes.
    bool holds(const std::string& id, std::int64_t bytes) const;
    /// Makes the folder anew when it was removed. Errors: noSpace when the disk is full, else internalError.
    protocol::Expected<void> write(const std::string& id, std::span<const std::uint8_t> bytes) const;
    /// Needs no room on the disk.
    void remove(const std::string& id) const;
    /// Removes those that `isKnown` denies, and what was never written to its end.
    void removeStrangers(const std::function<bool(const std::string& id)>& isKnown) const;

private:
    explicit InputFolder(std::filesystem::path folder) : m_folder(std::move(folder)) {}

    std::filesystem::path m_folder;
};

}  // namespace easel::jobs
