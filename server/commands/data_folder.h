// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "shared/protocol/problem.h"

namespace easel::commands {

/// The server's folder for jobs and pictures, for this process alone as long as this lives. A file in it
/// marks it as Easel's and holds the server's id.
class DataFolder {
public:
    /// Made when it is not there yet. What Easel has in it becomes its owner's alone, and so does the
    /// folder itself unless it holds files of others too. Errors: it cannot be used, another server uses
    /// it, or it is not Easel's: not empty, without the mark, and without what an Easel from before the
    /// mark leaves.
    static protocol::Expected<DataFolder> open(std::filesystem::path folder);
    /// Makes the folder, if it is not there, for a command that keeps something in it while a server may be
    /// using it. Errors: as of `open`, but for another server's using it.
    static protocol::Expected<void> prepare(const std::filesystem::path& folder);
    /// What `open` and `prepare` say of what is in the folder; it may not be there yet. Nothing is made or
    /// changed.
    static protocol::Expected<void> check(const std::filesystem::path& folder);
    /// Who may come in; see keys::KeyStore.
    static std::filesystem::path keysIn(const std::filesystem::path& folder) { return folder / "keys.json"; }
    /// Where a running server can be reached; see tellAddress.
    static std::filesystem::path addressIn(const std::filesystem::path& folder) { return folder / "address"; }
    /// See keys::Tickets.
    static std::filesystem::path ticketsIn(const std::filesystem::path& folder) { return folder / "tickets"; }
    ~DataFolder();
    DataFolder(DataFolder&& other) noexcept;
    DataFolder& operator=(DataFolder&&) = delete;

    /// Random, and the same for as long as the folder is there.
    const std::string& id() const { return m_id; }
    std::filesystem::path jobs() const { return m_folder / "jobs.sqlite"; }
    std::filesystem::path keys() const { return keysIn(m_folder); }
    std::filesystem::path address() const { return addressIn(m_folder); }
    std::filesystem::path tickets() const { return ticketsIn(m_folder); }
    std::filesystem::path images() const { return m_folder / "images"; }
    std::filesystem::path inputs() const { return m_folder / "inputs"; }
    /// The server's own certificate and its key.
    std::filesystem::path tls() const { return m_folder / "tls"; }
    /// How many pictures are best drawn together, as the worker of device `index` has measured it.
    std::filesystem::path widths(std::size_t index) const {
        return m_folder / (index == 0 ? "widths" : "widths-" + std::to_string(index));
    }
    /// Which kernels are right on the GPU of device `index`, as its worker has examined them.
    std::filesystem::path kernels(std::size_t index) const {
        return m_folder / (index == 0 ? "kernels" : "kernels-" + std::to_string(index));
    }

private:
    explicit DataFolder(std::filesystem::path folder) : m_folder(std::move(folder)) {}

    int lock();

    std::filesystem::path m_folder;
    std::string m_id;
    int m_self = -1;  // the folder, locked
    int m_lock = -1;  // the file "lock" in it, locked
};

}  // namespace easel::commands
