// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/http/router.h"
#include "shared/protocol/addon_info.h"
#include "shared/protocol/device_info.h"
#include "shared/protocol/estimate.h"
#include "shared/protocol/generation.h"
#include "shared/protocol/hub_info.h"
#include "shared/protocol/problem.h"
#include "shared/protocol/pull_info.h"
#include "shared/protocol/server_info.h"
#include "shared/protocol/server_news.h"
#include "shared/protocol/token_count.h"

namespace easel::jobs {
class JobQueue;
}

namespace easel::api {

class Door;

/// The models that there are.
struct Models {
    /// The one of this id, or the default one when it is empty. Errors: 422 with the field `model`: there is
    /// none such, or it cannot be drawn with here.
    std::function<protocol::Expected<protocol::ModelInfo>(const std::string& id)> find;
    /// As the list has it, whether it can be drawn with or not; nothing when there is none such.
    std::function<std::optional<protocol::ModelInfo>(const std::string& id)> describe;
    /// What a picture takes of the memory; nothing where that is not known.
    std::function<std::optional<protocol::MemoryEstimate>(const protocol::GenerationSettings&)> memoryFor =
        {};
    /// At most `limit` from after `after` on, the default one first.
    std::function<protocol::ModelPage(int limit, const std::optional<std::string>& after)> page;
    /// Has it loaded, or let go; the state tells what comes of it.
    std::function<void(const std::string& id)> load;
    std::function<void(const std::string& id)> unload;
    /// Takes it out of the hub's cache and then calls `done`, once, from another thread. Errors: 404, and 409
    /// for one that lies elsewhere or is being pulled.
    using Removed = std::function<void(const protocol::Expected<void>& removed)>;
    std::function<void(const std::string& id, const Removed& done)> remove = {};
    /// Begins to hold what is here of it against its hashes. Errors: as `remove`.
    std::function<protocol::Expected<protocol::PullInfo>(const std::string& id)> verify = {};
    /// How it reads a prompt. Errors: 422 with the field `model` or `prompt`.
    std::function<protocol::Expected<protocol::TokenCount>(const protocol::TokenQuestion&)> countTokens = {};
    /// On the disk that models are pulled to.
    std::function<std::optional<std::int64_t>()> freeBytes = {};
};

/// Models on their way here, see hub::Pulls. All are empty where pulling is switched off.
struct Pulls {
    std::function<protocol::Expected<protocol::PullInfo>(const protocol::PullRequest&)> start = {};
    std::function<std::vector<protocol::PullInfo>()> list = {};
    std::function<std::optional<protocol::PullInfo>(const std::string& id)> find = {};
    std::function<protocol::Expected<protocol::PullInfo>(const std::string& id)> cancel = {};
};

/// What can be pulled. Each calls `done` once, from another thread, or at once when too many ask. All are
/// empty where pulling is switched off. Errors: as hub::Hub.
struct Hub {
    using Searched = std::function<void(const protocol::Expected<std::vector<protocol::HubHit>>& hits)>;
    std::function<void(const std::string& words, int limit, const Searched& done)> search = {};
    using LookedUp = std::function<void(const protocol::Expected<protocol::HubModel>& model)>;
    std::function<void(const std::string& id, const std::string& revision, const LookedUp& done)> lookUp = {};
};

/// What can be added to models. Both are empty where there is nothing.
struct Addons {
    std::function<std::vector<protocol::AddonInfo>(std::optional<protocol::AddonKind> kind)> list = {};
    /// Whether all is there that a request names. Errors: 422 with the field.
    std::function<protocol::Expected<void>(const protocol::GenerationSettings&)> check = {};
};

/// What it draws on.
struct Devices {
    std::function<std::vector<protocol::DeviceInfo>()> list;
    /// Gives a device no more work, or takes it into use again; nothing when there is none of this id.
    std::function<std::optional<protocol::DeviceInfo>(const std::string& id, bool drained)> setDrained;
};

/// What the routes answer from; all of it outlives the listener. The functions are called from the I/O
/// threads and must not block.
struct Service {
    jobs::JobQueue& queue;
    std::function<protocol::ServerInfo()> server;  ///< as it is just now
    Models models;
    Devices devices;
    /// Tells how models and devices are and what changes, until what is answered goes; from any thread.
    std::function<std::shared_ptr<void>(std::function<void(const protocol::ServerNews&)> follower)> follow;
    Door* door = nullptr;  ///< who comes in; null: everybody, and there are no keys
    Pulls pulls = {};
    Hub hub = {};
    Addons addons = {};
    /// The last lines of its log, oldest first; empty: it keeps none.
    std::function<std::vector<std::string>(int lines)> log = {};
    /// Its figures in Prometheus' text format; empty: it counts none.
    std::function<std::string()> metrics = {};
};

/// Every route of Easel, for http::Listener::start.
http::Router makeRouter(const Service& service);

}  // namespace easel::api
