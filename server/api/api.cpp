// SPDX-License-Identifier: Apache-2.0
#include "server/api/api.h"

#include "server/api/answers.h"
#include "server/api/door.h"
#include "server/api/routes.h"
#include "shared/protocol/routes.h"

namespace easel::api {

namespace {

/// What everybody may see: whether the server is well, and how to log in.
constexpr std::string_view kOpen[] = {protocol::routes::kLive,
                                      protocol::routes::kReady,
                                      protocol::routes::kLogin,
                                      protocol::routes::kPair,
                                      "/page.css",
                                      "/favicon.svg"};

}  // namespace

http::Router makeRouter(const Service& service) {
    http::Router router;
    http::Mount mount;
    mount.errorWriter = [](int status, std::string detail) {
        return problemResponse(protocol::ofStatus(status, std::move(detail)));
    };
    if (Door* const door = service.door) {
        mount.gate = [door](const http::Request& head) { return door->admitAnybody(head); };
        for (const std::string_view path : kOpen) {
            router.mount(path, mount);
        }
        mount.gate = [door](const http::Request& head) { return door->admit(head); };
        addKeyRoutes(router, *door);
        addLoginRoutes(router, *door);
        addPairingRoutes(router, *door);
    }
    router.mount("/", std::move(mount));
    addJobRoutes(router, service);
    addInputRoutes(router, service);
    addQueueRoutes(router, service);
    addInfoRoutes(router, service);
    addAddonRoutes(router, service);
    addModelRoutes(router, service);
    addDeviceRoutes(router, service);
    addPullRoutes(router, service);
    addHubRoutes(router, service);
    addLogRoutes(router, service);
    addTokenRoutes(router, service);
    addPageRoutes(router, service);
    return router;
}

}  // namespace easel::api
