// SPDX-License-Identifier: Apache-2.0
#include "server/commands/model_store.h"

#include <chrono>
#include <system_error>
#include <utility>

#include <spdlog/spdlog.h>

#include "server/commands/locations.h"
#include "server/hub/cache.h"
#include "server/hub/hub.h"
#include "server/hub/offer.h"
#include "server/hub/problems.h"
#include "server/hub/pull.h"
#include "server/hub/settings.h"
#include "server/hub/verify.h"

namespace easel::commands {

namespace {

using protocol::Expected;

constexpr std::size_t kRemovals = 1000;  // more than any client waits for

constexpr int kQuestions = 8;   // to the hub, that wait
constexpr int kComeBackIn = 5;  // seconds

Expected<void> verifyIn(const std::filesystem::path& cache, const std::string& id,
                        const hub::PullWatcher& watcher, const std::stop_token& stop) {
    const auto result = hub::verify(hub::CachedRepository(cache, id), watcher.onProgress, stop);
    if (stop.stop_requested()) {
        return tl::unexpected(hub::stopped());
    }
    if (auto problem = hub::problemWith(id, result)) {
        return tl::unexpected(std::move(*problem));
    }
    return {};
}

/// Whoever asked is answered when the task that failed lets go of the question.
void logFailure(const std::string& what) {
    spdlog::error("A client's request about models: {}", what);
}

protocol::Problem tooManyQuestions() {
    protocol::Problem problem =
        protocol::unavailable("The hub answers slowly, and others wait for it, too; ask again in a moment.");
    problem.retryAfter = kComeBackIn;
    return problem;
}

}  // namespace

ModelStore::ModelStore(std::filesystem::path cache, std::optional<std::filesystem::path> tokenFile,
                       std::shared_ptr<ModelShelf> models, hub::Pulls::Tell tell)
    : m_cache(std::move(cache)),
      m_tokenFile(std::move(tokenFile)),
      m_models(std::move(models)),
      m_removals(
          kRemovals, [] {}, logFailure),
      m_questions(
          kQuestions, [] {}, logFailure),
      m_pulls(
          [this](const protocol::PullInfo& what, const auto& watcher, const auto& stop) {
              if (what.task == protocol::PullTask::Verify) {
                  return verifyIn(m_cache, what.request.model, watcher, stop);
              }
              auto pulled = pull(what.request, watcher, stop);
              m_models->lookAgain();
              return pulled;
          },
          std::move(tell)) {}

ModelStore::~ModelStore() {
    m_ending.request_stop();
}

Expected<hub::Settings> ModelStore::settings() const {
    return hub::settingsFromEnvironment(m_tokenFile, hubHome());
}

Expected<hub::Settings> ModelStore::impatientSettings() const {
    return settings().map([](hub::Settings settings) {
        settings.connectTimeout = std::chrono::seconds(10);
        settings.tries = 2;
        settings.longestRequest = std::chrono::seconds(2);
        return settings;
    });
}

Expected<void> ModelStore::pull(const protocol::PullRequest& request, const hub::PullWatcher& watcher,
                                const std::stop_token& stop) const {
    return settings()
        .and_then([&](const hub::Settings& settings) {
            hub::PullOptions options;
            options.cache = m_cache;
            options.model = request.model;
            options.revision = request.revision;
            options.wish.variant = request.variant;
            return hub::pull(settings, options, watcher, stop);
        })
        .map([](const hub::Pulled&) {});
}

Expected<protocol::PullInfo> ModelStore::verify(const std::string& id) {
    if (auto problem = notCached(id)) {
        return tl::unexpected(std::move(*problem));
    }
    return m_pulls.start({.model = id}, protocol::PullTask::Verify);
}

std::optional<std::int64_t> ModelStore::freeBytes() const {
    // The cache may not be there before the first pull.
    for (std::filesystem::path place = m_cache; !place.empty(); place = place.parent_path()) {
        std::error_code error;
        const auto space = std::filesystem::space(place, error);
        if (!error) {
            return static_cast<std::int64_t>(space.available);
        }
        if (place == place.parent_path()) {
            break;
        }
    }
    return {};
}

bool ModelStore::ask(std::function<void(const std::stop_token&)> ask) {
    if (m_asking.fetch_add(1) >= kQuestions) {
        --m_asking;
        return false;
    }
    const std::shared_ptr<void> place(nullptr, [this](void*) { --m_asking; });
    m_questions.add([this, place, ask = std::move(ask)] { ask(m_ending.get_token()); });
    return true;
}

void ModelStore::search(const std::string& words, int limit, const api::Hub::Searched& done) {
    const bool isAsked = ask([this, words, limit, done](const std::stop_token& stop) {
        done(impatientSettings().and_then(
            [&](const hub::Settings& settings) { return hub::Hub(settings).search(words, limit, stop); }));
    });
    if (!isAsked) {
        done(tl::unexpected(tooManyQuestions()));
    }
}

void ModelStore::lookUp(const std::string& id, const std::string& revision, const api::Hub::LookedUp& done) {
    const bool isAsked = ask([this, id, revision, done](const std::stop_token& stop) {
        done(impatientSettings().and_then([&](const hub::Settings& settings) {
            return hub::lookUp(settings, m_cache, id, revision, stop);
        }));
    });
    if (!isAsked) {
        done(tl::unexpected(tooManyQuestions()));
    }
}

std::optional<protocol::Problem> ModelStore::notCached(const std::string& id) const {
    if (protocol::isHubName(id) && hub::CachedRepository(m_cache, id).exists()) {
        return {};
    }
    return m_models->describe(id) ? protocol::conflict("The model " + id +
                                                       " is not in the hub's cache; it is left to its owner.")
                                  : protocol::notFound("model " + id);
}

void ModelStore::remove(const std::string& id, const std::function<void(const std::string& id)>& unload,
                        const api::Models::Removed& done) {
    m_removals.add([this, id, unload, done] { done(removeNow(id, unload)); });
}

Expected<void> ModelStore::removeNow(const std::string& id,
                                     const std::function<void(const std::string& id)>& unload) const {
    if (auto problem = notCached(id)) {
        return tl::unexpected(std::move(*problem));
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
