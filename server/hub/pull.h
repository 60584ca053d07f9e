// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "server/hub/downloads.h"
#include "server/hub/selection.h"
#include "server/hub/settings.h"
#include "shared/protocol/problem.h"
#include "shared/protocol/pull_info.h"

namespace easel::hub {

/// What to pull, and where to.
struct PullOptions {
    std::filesystem::path cache;  ///< the hub's, see CachedRepository
    std::string model;            ///< OWNER/NAME
    std::string revision = "main";
    Wish wish = {};
    Downloads::Options downloads = {};
    /// Bytes that are free on the disk with the cache; not given: asked of the disk.
    std::function<std::int64_t()> freeBytes = {};
};

/// What is known of a model before its first byte is fetched.
struct PullPlan {
    std::string commit;
    std::string licence;  ///< empty: the card names none
    bool isGated = false;
    std::vector<std::string> notes;
    int files = 0;
    std::int64_t bytes = 0;
};

/// Who watches a pull; called on its thread.
struct PullWatcher {
    std::function<void(const PullPlan&)> onPlan;
    std::function<void(const protocol::PullProgress&)> onProgress;  ///< about four times a second
};

struct Pulled {
    PullPlan plan;
    std::filesystem::path snapshot;
};

/// Brings a model into the cache; blocks. A catalogue sees it when all of it is there, for model_index.json
/// is the last to appear. What was fetched before an error or a stop is kept and taken up by the next pull.
/// Errors: no such name, as Hub and `select`, and 507 when the disk has not enough room for all of it.
protocol::Expected<Pulled> pull(const Settings& settings, const PullOptions& options,
                                const PullWatcher& watcher, const std::stop_token& stop);

}  // namespace easel::hub
