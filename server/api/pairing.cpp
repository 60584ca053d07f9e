// SPDX-License-Identifier: Apache-2.0
#include "server/api/answers.h"
#include "server/api/bodies.h"
#include "server/api/door.h"
#include "server/api/routes.h"
#include "shared/protocol/key_info.h"
#include "shared/protocol/routes.h"

namespace easel::api {

void addPairingRoutes(http::Router& router, Door& door) {
    router.addSimple("POST", protocol::routes::kPair, [&door](const http::Request& request) {
        const auto made = bodyOf(request, protocol::parsePairingRequest).and_then([&](const auto& asked) {
            return door.pair(asked);
        });
        if (!made) {
            return problemResponse(made.error());
        }
        const keys::Key& key = made->key;
        http::Response response =
            jsonResponse(201, toJson(protocol::PairedKey{made->secret, key.id, key.name, key.scope}));
        response.headers.set("Cache-Control", "no-store");
        return response;
    });
}

}  // namespace easel::api
