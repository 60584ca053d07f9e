// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "server/keys/key.h"
#include "server/keys/key_file.h"
#include "shared/protocol/problem.h"
#include "shared/protocol/timestamp.h"

namespace easel::keys {

struct KeyStoreOptions {
    /// How often to look whether another process has changed the file, once it is watched.
    std::chrono::milliseconds lookEvery{500};
    /// How often to keep when keys were used.
    std::chrono::milliseconds keepUseEvery{60'000};
    std::size_t maxKeys = 10'000;
    std::function<std::int64_t()> now = protocol::millisecondsNow;  ///< milliseconds since 1970 UTC
    /// Called when something goes wrong later, from any thread; must not block.
    std::function<void(const std::string&)> log{};
};

/// Who may come in: the keys in a file of the server's data folder, which the command line may change while a
/// server runs. Safe to use from any thread. Changes go to the disk before they are answered.
class KeyStore {
public:
    /// Errors: the file is there and cannot be used; see readKeys.
    static protocol::Expected<std::unique_ptr<KeyStore>> open(std::filesystem::path file,
                                                              KeyStoreOptions options = {});
    ~KeyStore();
    KeyStore(const KeyStore&) = delete;
    KeyStore& operator=(const KeyStore&) = delete;

    struct Made {
        Key key;
        std::string secret;  ///< kept nowhere
    };
    /// What is wrong with a name, whoever else has it: 422 with the field `name`.
    static std::optional<protocol::Problem> wrongName(const std::string& name);
    /// Errors: 422 with the field `name`: it is not 1 to 64 printable characters, or a living key has it;
    /// 409: there are as many keys as there may be; noSpace, internalError.
    protocol::Expected<Made> create(const std::string& name, protocol::KeyScope scope,
                                    std::optional<int> jobsPerMinute = {});
    /// Of living keys the one with this id, else the one with this name. What follows from it has happened
    /// when this returns. Errors: 404; noSpace, internalError.
    protocol::Expected<Key> revoke(const std::string& idOrName);

    /// Oldest first.
    std::vector<Key> living() const;
    /// Those that were revoked, too, as far as there is room for them.
    std::vector<Key> all() const;
    bool hasLiving() const;
    std::optional<Key> findLiving(const std::string& id) const;

    /// The living key with this secret, which counts as used now. Takes as long for a wrong one.
    std::optional<Key> recognise(std::string_view secret);
    /// Counts it as used now.
    void noteUse(const std::string& id);

    /// From now on, and once: takes over what other processes change, keeps when keys are used, and calls
    /// `changed` after other keys are living than before, from the thread that found it so, with no lock
    /// held.
    void watch(std::function<void()> changed);

private:
    KeyStore(std::filesystem::path file, KeyStoreOptions options);

    template <typename Change>
    auto change(Change change) -> decltype(change(std::declval<std::vector<Key>&>()));
    protocol::Expected<std::vector<Key>> present() const;
    void adopt(std::vector<Key> keys, std::optional<FileMark> mark);
    void keepWatching(const std::stop_token& stop);
    void look();
    void keepUse();
    void tellOnce(const std::string& trouble);

    const std::filesystem::path m_file;
    const KeyStoreOptions m_options;
    std::function<void()> m_changed;  // set before the watcher starts

    std::mutex m_changing;       // one change at a time in this process; taken before m_mutex
    mutable std::mutex m_mutex;  // what follows; never held while the disk is at work
    std::vector<Key> m_keys;
    std::optional<FileMark> m_mark;  // of the file that they are from
    bool m_isUseUnkept = false;
    std::string m_told;

    std::condition_variable_any m_wake;
    std::jthread m_watcher;  // goes first
};

}  // namespace easel::keys
