// SPDX-License-Identifier: Apache-2.0
#include "server/hub/cache.h"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <system_error>
#include <utility>

#include "server/hub/names.h"
#include "server/models/files/folder.h"
#include "shared/process/files.h"

namespace easel::hub {

namespace {

using protocol::Expected;
using protocol::Problem;
using std::filesystem::path;

/// What keeps backups and cleaners from the cache (bford.info/cachedir).
constexpr std::string_view kCacheMark = "Signature: 8a477f597d28d172789f06886806bc55\n";
constexpr process::Writing kShared{.durably = true, .mode = 0644};

Problem cannotWrite(const path& place, const std::error_code& error) {
    if (error == std::errc::no_space_on_device) {
        return protocol::noSpace("The disk with " + place.string() + " is full. What is here is kept.");
    }
    return protocol::internalError(place.string() + " cannot be written: " + error.message() + ".");
}

std::error_code errorOf(int number) {
    return {number, std::generic_category()};
}

Expected<void> makeFolders(const path& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) {
        return tl::unexpected(cannotWrite(folder, error));
    }
    return {};
}

/// All that is no folder below `folder`, by its path in it.
std::vector<std::string> filesBelow(const path& folder) {
    std::vector<std::string> all;
    std::error_code error;
    for (std::filesystem::recursive_directory_iterator it(folder, error), end; !error && it != end;
         it.increment(error)) {
        if (!std::filesystem::is_directory(it->symlink_status())) {
            all.push_back(it->path().lexically_relative(folder).generic_string());
        }
    }
    std::ranges::sort(all);
    return all;
}

std::string firstLine(const path& file) {
    std::string text;
    std::ifstream(file) >> text;
    return text;
}

std::int64_t sizeOf(const path& file) {
    std::error_code error;
    const auto size = std::filesystem::file_size(file, error);
    return error ? 0 : static_cast<std::int64_t>(size);
}

}  // namespace

CachedRepository::CachedRepository(path cache, const std::string& id) : m_cache(std::move(cache)) {
    std::string name = "models--" + id;
    name.replace(name.find('/'), 1, "--");
    m_folder = m_cache / name;
    m_locks = m_cache / ".locks" / name;
}

Places CachedRepository::places() const {
    return {.file = [own = *this](const RemoteFile& file) { return own.blob(file.blob); },
            .lock = [own = *this](const RemoteFile& file) { return own.lockOf(file.blob); }};
}

bool CachedRepository::exists() const {
    std::error_code error;
    return std::filesystem::is_directory(m_folder, error);
}

Expected<void> CachedRepository::prepare() const {
    for (const path& folder : {m_folder / "blobs", m_folder / "refs", m_folder / "snapshots", m_locks}) {
        if (auto made = makeFolders(folder); !made) {
            return made;
        }
    }
    std::error_code error;
    if (const path mark = m_cache / "CACHEDIR.TAG"; !std::filesystem::exists(mark, error)) {
        process::writeWhole(mark, kCacheMark, kShared);  // the cache is as good without
    }
    return {};
}

/// What a name is to be lies beside it for a moment, under one name for all.
Expected<FileLock> CachedRepository::lockNames() const {
    return FileLock::wait(m_locks / "easel-names.lock", {});
}

Expected<void> CachedRepository::link(const std::string& commit, const std::string& file,
                                      const std::string& blob) const {
    const auto names = lockNames();
    if (!names) {
        return tl::unexpected(names.error());
    }
    const path place = snapshot(commit) / file;
    if (auto made = makeFolders(place.parent_path()); !made) {
        return made;
    }
    path target = "../..";
    for (auto depth = std::ranges::count(file, '/'); depth > 0; --depth) {
        target /= "..";
    }
    target /= path("blobs") / blob;
    std::error_code error;
    if (std::filesystem::read_symlink(place, error) == target) {
        return {};
    }
    path draft = place;
    draft += ".easel.part";
    std::filesystem::remove(draft, error);
    std::filesystem::create_symlink(target, draft, error);
    if (!error) {
        std::filesystem::rename(draft, place, error);
    }
    if (error) {
        return tl::unexpected(cannotWrite(place, error));
    }
    return {};
}

Expected<void> CachedRepository::writeRef(const std::string& revision, const std::string& commit) const {
    if (revision == commit) {
        return {};
    }
    const auto names = lockNames();
    if (!names) {
        return tl::unexpected(names.error());
    }
    const path ref = m_folder / "refs" / revision;
    if (auto made = makeFolders(ref.parent_path()); !made) {
        return made;
    }
    // Without a line's end: Python's client reads all of it.
    if (const int error = process::writeWhole(ref, commit, kShared); error != 0) {
        return tl::unexpected(cannotWrite(ref, errorOf(error)));
    }
    return {};
}

std::vector<std::string> CachedRepository::commits() const {
    std::vector<std::string> names;
    for (const path& each : models::inside(m_folder / "snapshots")) {
        names.push_back(each.filename().string());
    }
    return names;
}

std::optional<std::string> CachedRepository::commitOf(const std::string& revision) const {
    if (!isRevision(revision)) {
        return std::nullopt;
    }
    const auto all = commits();
    std::error_code error;
    const path ref = m_folder / "refs" / revision;
    const std::string named = std::filesystem::is_regular_file(ref, error) ? firstLine(ref) : revision;
    constexpr std::size_t kLeastOfACommit = 7;
    const auto found = std::ranges::find_if(all, [&](const std::string& commit) {
        return commit == named || (named.size() >= kLeastOfACommit && commit.starts_with(named));
    });
    return found == all.end() ? std::nullopt : std::optional(*found);
}

std::map<std::string, std::string> CachedRepository::filesOf(const std::string& commit) const {
    std::map<std::string, std::string> files;
    for (const std::string& name : filesBelow(snapshot(commit))) {
        std::error_code error;
        const path target = std::filesystem::read_symlink(snapshot(commit) / name, error);
        const std::string blob = target.filename().string();
        const bool leadsHere =
            !error && ((snapshot(commit) / name).parent_path() / target).lexically_normal() ==
                          this->blob(blob).lexically_normal();
        files[name] = leadsHere && isBlobName(blob) ? blob : "";
    }
    return files;
}

bool CachedRepository::isBusy() const {
    return std::ranges::any_of(models::inside(m_locks), FileLock::isTaken);
}

void CachedRepository::removeRefsTo(const std::string& commit) const {
    for (const std::string& ref : filesBelow(m_folder / "refs")) {
        if (firstLine(m_folder / "refs" / ref) == commit) {
            std::error_code ignored;
            std::filesystem::remove(m_folder / "refs" / ref, ignored);
        }
    }
}

Expected<std::int64_t> CachedRepository::removeAll() const {
    std::int64_t bytes = 0;
    for (const path& file : models::inside(m_folder / "blobs")) {
        bytes += sizeOf(file);
    }
    std::error_code error;
    for (const path& folder : {m_folder / "refs", m_folder / "snapshots", m_folder, m_locks}) {
        std::filesystem::remove_all(folder, error);  // the names first: what is half gone is no model
        if (error) {
            return tl::unexpected(cannotWrite(folder, error));
        }
    }
    return bytes;
}

Expected<std::int64_t> CachedRepository::remove(const std::optional<std::string>& commit) const {
    if (isBusy()) {
        return tl::unexpected(
            protocol::conflict("Something of this model is being fetched just now; cancel that first."));
    }
    auto others = commits();
    if (commit) {
        std::erase(others, *commit);
    }
    if (!commit || others.empty()) {
        return removeAll();
    }
    std::set<std::string> unused;
    for (const auto& [name, blob] : filesOf(*commit)) {
        unused.insert(blob);
    }
    for (const std::string& other : others) {
        for (const auto& [name, blob] : filesOf(other)) {
            unused.erase(blob);
        }
    }
    removeRefsTo(*commit);
    std::error_code error;
    std::filesystem::remove_all(snapshot(*commit), error);
    std::int64_t bytes = 0;
    for (const std::string& name : unused) {
        if (!name.empty() && !error) {
            bytes += sizeOf(blob(name));
            std::filesystem::remove(blob(name), error);
        }
    }
    if (error) {
        return tl::unexpected(cannotWrite(m_folder, error));
    }
    return bytes;
}

}  // namespace easel::hub
