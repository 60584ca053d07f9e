// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "server/api/api.h"
#include "server/commands/model_shelf.h"
#include "server/hub/pulls.h"
#include "server/hub/settings.h"
#include "server/jobs/task_thread.h"
#include "shared/protocol/problem.h"

namespace easel::commands {

/// What clients may do to a server's models: look for them on the hub, pull them into its cache, hold them
/// against their hashes, and take them out of there again. From any thread.
class ModelStore {
public:
    /// `tokenFile`: see hub::settingsFromEnvironment. `tell` gets each change of a pull; it must neither
    /// block nor call this.
    ModelStore(std::filesystem::path cache, std::optional<std::filesystem::path> tokenFile,
               std::shared_ptr<ModelShelf> models, hub::Pulls::Tell tell);
    ~ModelStore();

    hub::Pulls& pulls() { return m_pulls; }
    /// See api::Models and api::Hub.
    protocol::Expected<protocol::PullInfo> verify(const std::string& id);
    std::optional<std::int64_t> freeBytes() const;
    void search(const std::string& words, int limit, const api::Hub::Searched& done);
    void lookUp(const std::string& id, const std::string& revision, const api::Hub::LookedUp& done);
    /// See api::Models::remove. `unload` has what draws let go of it first.
    void remove(const std::string& id, const std::function<void(const std::string& id)>& unload,
                const api::Models::Removed& done);

private:
    /// Why the model cannot be touched: it is not in the cache.
    std::optional<protocol::Problem> notCached(const std::string& id) const;
    /// Has `ask` done on the thread that asks the hub; false when too much waits there.
    bool ask(std::function<void(const std::stop_token&)> ask);
    protocol::Expected<void> removeNow(const std::string& id,
                                       const std::function<void(const std::string& id)>& unload) const;

    /// How the hub is reached: looked for each time, for somebody may have signed in since.
    protocol::Expected<hub::Settings> settings() const;
    /// For a person who waits for an answer.
    protocol::Expected<hub::Settings> impatientSettings() const;
    protocol::Expected<void> pull(const protocol::PullRequest& request, const hub::PullWatcher& watcher,
                                  const std::stop_token& stop) const;

    const std::filesystem::path m_cache;
    const std::optional<std::filesystem::path> m_tokenFile;
    const std::shared_ptr<ModelShelf> m_models;
    std::stop_source m_ending;
    std::atomic<int> m_asking = 0;
    jobs::TaskThread m_removals;
    jobs::TaskThread m_questions;
    hub::Pulls m_pulls;
};

}  // namespace easel::commands
