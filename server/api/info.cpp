// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "server/api/answers.h"
#include "server/api/assets.h"
#include "server/api/routes.h"
#include "shared/protocol/json.h"
#include "shared/protocol/routes.h"

namespace easel::api {

namespace routes = protocol::routes;
using http::Request;
using http::Response;

void addInfoRoutes(http::Router& router, const Service& service) {
    router.addSimple("GET", routes::kServer, [service](const Request&) {
        return jsonResponse(200, protocol::toJson(service.server()));
    });
    router.addSimple("GET", routes::kLive, [](const Request&) { return http::textResponse(200, "alive\n"); });
    router.addSimple("GET", routes::kReady, [service](const Request&) -> Response {
        const protocol::ServerInfo info = service.server();
        if (!info.ready) {
            return problemResponse(protocol::unavailable(info.status));
        }
        const std::string& warning = info.deviceWarning;
        return http::textResponse(200,
                                  "ready\n" + (warning.empty() ? "" : "Not on the GPU: " + warning + '\n'));
    });
    router.addSimple("GET", routes::kOpenApi,
                     [](const Request&) { return jsonResponse(200, std::string(asset("openapi.json"))); });
}

}  // namespace easel::api
