// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "server/api/answers.h"
#include "server/api/callers.h"
#include "server/api/routes.h"
#include "shared/protocol/json.h"
#include "shared/protocol/routes.h"

namespace easel::api {

namespace {

namespace routes = protocol::routes;
using http::Request;
using http::Response;

Response answer(const Request& request, const std::optional<protocol::DeviceInfo>& device) {
    return device ? jsonResponse(200, protocol::toJson(*device))
                  : problemResponse(protocol::notFound("device " + request.param("id")));
}

}  // namespace

void addDeviceRoutes(http::Router& router, const Service& service) {
    router.addSimple("GET", routes::kDevices, [service](const Request&) {
        return jsonResponse(200, protocol::toJson(service.devices.list()));
    });
    router.addSimple("GET", routes::device("{id}"), [service](const Request& request) {
        for (const protocol::DeviceInfo& device : service.devices.list()) {
            if (device.id == request.param("id")) {
                return answer(request, device);
            }
        }
        return answer(request, {});
    });
    router.addSimple("POST", routes::deviceDrain("{id}"), forAdmins([service](const Request& request) {
                         return answer(request, service.devices.setDrained(request.param("id"), true));
                     }));
    router.addSimple("POST", routes::deviceResume("{id}"), forAdmins([service](const Request& request) {
                         return answer(request, service.devices.setDrained(request.param("id"), false));
                     }));
}

}  // namespace easel::api
