// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <string_view>
#include <vector>

#include "server/api/answers.h"
#include "server/api/bodies.h"
#include "server/api/callers.h"
#include "server/api/door.h"
#include "server/api/routes.h"
#include "shared/protocol/key_info.h"
#include "shared/protocol/routes.h"

namespace easel::api {

namespace {

namespace routes = protocol::routes;
using http::Request;
using http::Response;

Response listKeys(const keys::KeyStore& store) {
    std::vector<protocol::KeyInfo> infos;
    for (const keys::Key& key : store.living()) {
        infos.push_back(key.info());
    }
    return jsonResponse(200, protocol::toJson(infos));
}

Response createKey(keys::KeyStore& store, const Request& request) {
    if (request.caller.name.empty()) {
        // Whoever makes the first key locks out all others, so it takes who may write the server's data.
        return problemResponse(protocol::scopeMissing(
            "The first key is made where the server is, with \"easel-server keys create NAME --scope "
            "admin\"."));
    }
    const auto made = bodyOf(request, protocol::parseKeyRequest).and_then([&](const auto& asked) {
        return store.create(asked.name, asked.scope, asked.jobsPerMinute);
    });
    if (!made) {
        return problemResponse(made.error());
    }
    protocol::KeyInfo info = made->key.info();
    info.secret = made->secret;
    return jsonResponse(201, protocol::toJson(info));
}

Response revokeKey(keys::KeyStore& store, const Request& request) {
    const std::string& id = request.param("id");
    if (!store.findLiving(id)) {
        return problemResponse(protocol::notFound("key " + id));
    }
    const auto revoked = store.revoke(id);
    return revoked ? Response{204, {}, {}} : problemResponse(revoked.error());
}

Response describeCaller(const keys::KeyStore& store, const Request& request) {
    const auto id = keyOf(request);
    const auto key = id ? store.findLiving(*id) : std::nullopt;
    if (!key) {
        protocol::KeyInfo anybody;  // the door is open, or the key was revoked just now
        anybody.scope = isAdmin(request) ? protocol::KeyScope::Admin : protocol::KeyScope::Generate;
        return jsonResponse(200, protocol::toJson(anybody));
    }
    protocol::KeyInfo info = key->info();
    info.isSession = request.caller.isSession;
    return jsonResponse(200, protocol::toJson(info));
}

}  // namespace

void addKeyRoutes(http::Router& router, Door& door) {
    keys::KeyStore& store = door.keys();
    router.addSimple("GET", routes::kKeys, forAdmins([&store](const Request&) { return listKeys(store); }));
    router.addSimple("POST", routes::kKeys,
                     forAdmins([&store](const Request& request) { return createKey(store, request); }));
    router.addSimple("DELETE", routes::key("{id}"),
                     forAdmins([&store](const Request& request) { return revokeKey(store, request); }));
    router.addSimple("GET", routes::kOwnKey,
                     [&store](const Request& request) { return describeCaller(store, request); });
}

}  // namespace easel::api
