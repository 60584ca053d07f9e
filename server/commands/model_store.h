// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "server/api/api.h"
#include "server/commands/model_shelf.h"
#include "server/hub/pulls.h"
#include "server/jobs/task_thread.h"
#include "shared/protocol/problem.h"

namespace easel::commands {

/// What clients may do to a server's models: pull them from the hub into its cache, and take them out of
/// there again. From any thread.
class ModelStore {
public:
    /// `tell` gets each change of a pull; it must neither block nor call this.
    ModelStore(std::filesystem::path cache, std::shared_ptr<ModelShelf> models, hub::Pulls::Tell tell);

    hub::Pulls& pulls() { return m_pulls; }
    /// See api::Models::remove. `unload` has what draws let go of it first.
    void remove(const std::string& id, const std::function<void(const std::string& id)>& unload,
                const api::Models::Removed& done);

private:
    protocol::Expected<void> removeNow(const std::string& id,
                                       const std::function<void(const std::string& id)>& unload) const;

    const std::filesystem::path m_cache;
    const std::shared_ptr<ModelShelf> m_models;
    jobs::TaskThread m_removals;
    hub::Pulls m_pulls;
};

}  // namespace easel::commands
