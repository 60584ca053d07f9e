// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "server/api/answers.h"
#include "server/api/routes.h"
#include "shared/protocol/json.h"
#include "shared/protocol/routes.h"

namespace easel::api {

namespace {

using http::Request;
using http::Response;

Response listAddons(const Service& service, const Request& request) {
    if (const auto problem = lostField(request.query, {"kind"})) {
        return problemResponse(*problem);
    }
    std::optional<protocol::AddonKind> kind;
    if (const auto name = request.query.find("kind")) {
        kind = protocol::addonKindFrom(*name);
        if (!kind) {
            return problemResponse(protocol::invalidField(
                "kind", "It is one of lora, embedding, vae, controlnet and tiny_vae. Leave it out for all."));
        }
    }
    return jsonResponse(200, protocol::toJson(service.addons.list ? service.addons.list(kind)
                                                                  : std::vector<protocol::AddonInfo>()));
}

}  // namespace

void addAddonRoutes(http::Router& router, const Service& service) {
    router.addSimple("GET", protocol::routes::kAddons,
                     [service](const Request& request) { return listAddons(service, request); });
}

}  // namespace easel::api
