// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <vector>

#include "server/http/router.h"
#include "shared/protocol/server_info.h"

namespace easel::jobs {
class JobQueue;
}

namespace easel::api {

/// What the routes answer from; all of it outlives the listener. The functions are called from the I/O
/// threads and must not block.
struct Service {
    jobs::JobQueue& queue;
    std::function<protocol::ServerInfo()> server;              ///< as it is just now
    std::function<std::vector<protocol::ModelInfo>()> models;  ///< the default one first
};

/// Every route of Easel, for http::Listener::start.
http::Router makeRouter(const Service& service);

}  // namespace easel::api
