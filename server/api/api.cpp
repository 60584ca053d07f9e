// SPDX-License-Identifier: Apache-2.0
#include "server/api/api.h"

#include "server/api/answers.h"
#include "server/api/routes.h"

namespace easel::api {

http::Router makeRouter(const Service& service) {
    http::Router router;
    http::Mount mount;
    mount.errorWriter = [](int status, std::string detail) {
        return problemResponse(protocol::ofStatus(status, std::move(detail)));
    };
    router.mount("/", std::move(mount));
    addJobRoutes(router, service);
    addQueueRoutes(router, service);
    addInfoRoutes(router, service);
    addModelRoutes(router, service);
    addDeviceRoutes(router, service);
    addPullRoutes(router, service);
    addPageRoutes(router, service);
    return router;
}

}  // namespace easel::api
