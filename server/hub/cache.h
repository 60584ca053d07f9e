// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "server/hub/file_lock.h"
#include "server/hub/source.h"
#include "shared/protocol/problem.h"

namespace easel::hub {

/// One model's folder in the hub's cache, in the layout that its other clients share: blobs by their hashes,
/// snapshots of relative links to them, refs from revisions to commits. From any thread and process.
class CachedRepository {
public:
    /// `id` is a name of the hub's.
    CachedRepository(std::filesystem::path cache, const std::string& id);

    const std::filesystem::path& folder() const { return m_folder; }
    std::filesystem::path blob(const std::string& name) const { return m_folder / "blobs" / name; }
    std::filesystem::path snapshot(const std::string& commit) const {
        return m_folder / "snapshots" / commit;
    }
    std::filesystem::path lockOf(const std::string& blob) const { return m_locks / (blob + ".lock"); }

    /// For files that are named by their blobs.
    Places places() const;

    bool exists() const;
    /// Makes the folders.
    protocol::Expected<void> prepare() const;
    /// Puts a blob under its name into a commit's snapshot.
    protocol::Expected<void> link(const std::string& commit, const std::string& file,
                                  const std::string& blob) const;
    /// Lets `revision` stand for `commit`; nothing to do where it is one itself.
    protocol::Expected<void> writeRef(const std::string& revision, const std::string& commit) const;

    std::vector<std::string> commits() const;
    /// The commit that a revision, or the beginning of a commit, stands for here.
    std::optional<std::string> commitOf(const std::string& revision) const;
    /// By their paths in the snapshot the names of the blobs of its links; empty for a file that is no such
    /// link.
    std::map<std::string, std::string> filesOf(const std::string& commit) const;
    /// Whether somebody fetches something of it just now.
    bool isBusy() const;
    /// Takes a snapshot away with its refs and those blobs that no other snapshot has; without one, all.
    /// Answers the bytes that are free now.
    protocol::Expected<std::int64_t> remove(const std::optional<std::string>& commit) const;

private:
    protocol::Expected<FileLock> lockNames() const;
    void removeRefsTo(const std::string& commit) const;
    protocol::Expected<std::int64_t> removeAll() const;

    std::filesystem::path m_cache;
    std::filesystem::path m_folder;
    std::filesystem::path m_locks;
};

}  // namespace easel::hub
