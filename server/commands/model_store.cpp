// SPDX-License-Identifier: Apache-2.0
#include "server/commands/model_store.h"

#include <utility>

#include "server/commands/locations.h"
#include "server/hub/cache.h"
#include "server/hub/pull.h"
#include "server/hub/settings.h"

namespace easel::commands {

namespace {

using protocol::Expected;

constexpr std::size_t kRemovals = 1000;  // more than any client waits for

/// The token is looked for each time: somebody may have signed in since.
Expected<hub::Pulled> pullInto(const std::filesystem::path& cache, const protocol::PullRequest& request,
                               const hub::PullWatcher& watcher, const std::stop_token& stop) {
    return hub::settingsFromEnvironment({}, hubHome()).and_then([&](const hub::Settings& settings) {
        hub::PullOptions options;
        options.cache = cache;
        options.model = request.model;
        options.revision = request.revision;
        options.wish.variant = request.variant;
        return hub::pull(settings, options, watcher, stop);
    });
}

}  // namespace

ModelStore::ModelStore(std::filesystem::path cache, std::shared_ptr<ModelShelf> models, hub::Pulls::Tell tell)
    : m_cache(std::move(cache)),
      m_models(std::move(models)),
      m_removals(kRemovals, [] {}),
      m_pulls(
          [this](const auto& request, const auto& watcher, const auto& stop) {
              auto pulled = pullInto(m_cache, request, watcher, stop);
              m_models->lookAgain();
              return pulled;
          },
          std::move(tell)) {}

void ModelStore::remove(const std::string& id, const std::function<void(const std::string& id)>& unload,
                        const api::Models::Removed& done) {
    m_removals.add([this, id, unload, done] { done(removeNow(id, unload)); });
}

Expected<void> ModelStore::removeNow(const std::string& id,
                                     const std::function<void(const std::string& id)>& unload) const {
    const bool isHubs = protocol::isHubName(id);
    if (!isHubs || !hub::CachedRepository(m_cache, id).exists()) {
        return tl::unexpected(m_models->describe(id)
                                  ? protocol::conflict("The model " + id +
                                                       " is not in the hub's cache; it is left to "
                                                       "its owner.")
                                  : protocol::notFound("model " + id));
    }
    if (id == m_models->defaultId()) {
        return tl::unexpected(
            protocol::conflict("The server draws with the model " + id + " when none is named."));
    }
    unload(id);
    auto removed = hub::CachedRepository(m_cache, id).remove({});
    m_models->lookAgain();
    return removed.map([](std::int64_t) {});
}

}  // namespace easel::commands
