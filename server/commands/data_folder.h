// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "shared/protocol/problem.h"

namespace easel::commands {

/// The server's folder for jobs and pictures, for this process alone as long as this lives.
class DataFolder {
public:
    /// Made when it is not there yet, readable by its owner alone. Errors: it cannot be used, or another
    /// server uses it.
    static protocol::Expected<DataFolder> open(std::filesystem::path folder);
    ~DataFolder();
    DataFolder(DataFolder&& other) noexcept;
    DataFolder& operator=(DataFolder&&) = delete;

    std::filesystem::path jobs() const { return m_folder / "jobs.sqlite"; }
    std::filesystem::path images() const { return m_folder / "images"; }

private:
    DataFolder(std::filesystem::path folder, int lock);

    std::filesystem::path m_folder;
    int m_lock;
};

}  // namespace easel::commands
