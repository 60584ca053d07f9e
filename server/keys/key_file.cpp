// SPDX-License-Identifier: Apache-2.0
#include "server/keys/key_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <nlohmann/json.hpp>

#include "shared/process/files.h"
#include "shared/protocol/json_reader.h"
#include "shared/protocol/strict_json.h"
#include "shared/text/hex.h"

namespace easel::keys {

namespace {

using nlohmann::json;
using protocol::Expected;
using std::filesystem::path;

constexpr int kVersion = 1;
/// More than the most keys take.
constexpr std::size_t kMaxBytes = 32UL << 20;
constexpr std::chrono::milliseconds kPatience{3'000};
constexpr std::chrono::milliseconds kPause{10};
constexpr std::string_view kHexDigits = "0123456789abcdef";

tl::unexpected<protocol::Problem> refusal(const path& file, const std::string& why) {
    return tl::unexpected(protocol::internalError(
        "The file " + file.string() + ", which says who may come in, cannot be used: " + why +
        ". Put a copy of it back; or remove it, which ends all keys, and make new ones with \"easel-server "
        "keys create\"."));
}

std::optional<Hash> fromHex(std::string_view text) {
    Hash hash{};
    if (text.size() != 2 * hash.size() || text.find_first_not_of(kHexDigits) != std::string_view::npos) {
        return {};
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
        hash[i / 2] = static_cast<std::uint8_t>(hash[i / 2] << 4U | kHexDigits.find(text[i]));
    }
    return hash;
}

json write(const Key& key) {
    json value = {{"id", key.id},
                  {"name", key.name},
                  {"scope", toString(key.scope)},
                  {"sha256", text::toHex(key.hash)},
                  {"created_at", key.createdAt}};
    if (key.jobsPerMinute) {
        value["jobs_per_minute"] = *key.jobsPerMinute;
    }
    if (key.lastUsedAt) {
        value["last_used_at"] = *key.lastUsedAt;
    }
    if (key.revokedAt) {
        value["revoked_at"] = *key.revokedAt;
    }
    return value;
}

Expected<Key> read(const json& value) {
    protocol::Reader reader(value, "A key");
    Key key;
    std::string scope;
    std::string hash;
    reader.refuseOthers(
        {"id", "name", "scope", "jobs_per_minute", "sha256", "created_at", "last_used_at", "revoked_at"});
    reader.read("id", key.id);
    reader.read("name", key.name);
    reader.read("scope", scope);
    reader.read("jobs_per_minute", key.jobsPerMinute);
    reader.read("sha256", hash);
    reader.read("created_at", key.createdAt);
    reader.read("last_used_at", key.lastUsedAt);
    reader.read("revoked_at", key.revokedAt);
    const auto knownScope = protocol::keyScopeFrom(scope);
    const auto knownHash = fromHex(hash);
    if (key.id.empty() || key.name.empty() || !knownScope || !knownHash) {
        reader.fail(protocol::malformed("a key in it is not whole"));
    }
    key.scope = knownScope.value_or(protocol::KeyScope::Generate);
    key.hash = knownHash.value_or(Hash());
    return reader.finish(std::move(key));
}

}  // namespace

Expected<std::optional<std::vector<Key>>> readKeys(const path& file) {
    std::string text;
    const int error = process::readWhole(file, kMaxBytes, text);
    if (error == ENOENT) {
        return std::optional<std::vector<Key>>();
    }
    if (error != 0) {
        return refusal(file, std::strerror(error));
    }
    const auto root = protocol::parseStrict(text);
    if (!root || !root->is_object()) {
        return refusal(file, "it is damaged");
    }
    int version = 0;
    std::vector<Key> keys;
    protocol::Reader reader(*root, "The file");
    reader.read("version", version);
    if (version > kVersion) {
        return refusal(file, "a newer Easel wrote it");
    }
    if (!root->contains("keys") || version != kVersion) {
        reader.fail(protocol::malformed("it is not whole"));
    }
    reader.readList("keys", keys, read);
    if (const auto whole = reader.finish(0); !whole) {
        return refusal(file, "it is damaged");
    }
    std::set<std::string_view> ids;
    for (const Key& key : keys) {
        if (!ids.insert(key.id).second) {
            return refusal(file, "two keys in it have the same id");
        }
    }
    return std::optional(std::move(keys));
}

Expected<void> writeKeys(const path& file, const std::vector<Key>& keys) {
    json list = json::array();
    for (const Key& key : keys) {
        list.push_back(write(key));
    }
    const json root = {{"version", kVersion}, {"keys", std::move(list)}};
    const int error = process::writeWhole(file, root.dump(1) + '\n');
    if (error == ENOSPC || error == EDQUOT) {
        return tl::unexpected(protocol::noSpace("The disk with the server's keys is full."));
    }
    if (error != 0) {
        return tl::unexpected(protocol::internalError("The file " + file.string() +
                                                      " cannot be written: " + std::strerror(error) + "."));
    }
    return {};
}

std::optional<FileMark> markOf(const path& file) {
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0) {
        return {};
    }
    return FileMark{status.st_ino, status.st_size,
                    std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec};
}

Expected<FileLock> FileLock::take(const path& file) {
    path place = file;
    place += ".lock";
    FileLock lock(::open(place.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (lock.m_descriptor >= 0) {
        if (::flock(lock.m_descriptor, LOCK_EX | LOCK_NB) == 0) {
            return lock;
        }
        if (errno != EWOULDBLOCK && errno != EINTR) {
            break;
        }
        if (std::chrono::steady_clock::now() > end) {
            return tl::unexpected(
                protocol::unavailable("Another easel-server is changing the keys; try again in a moment."));
        }
        std::this_thread::sleep_for(kPause);
    }
    return tl::unexpected(protocol::internalError("The file " + place.string() +
                                                  " cannot be used: " + std::strerror(errno) + "."));
}

FileLock::~FileLock() {
    if (m_descriptor >= 0) {
        ::close(m_descriptor);  // The lock goes with it, also when the process is killed.
    }
}

FileLock::FileLock(FileLock&& other) noexcept : m_descriptor(std::exchange(other.m_descriptor, -1)) {}

}  // namespace easel::keys
