// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "server/api/answers.h"
#include "server/api/bodies.h"
#include "server/api/callers.h"
#include "server/api/routes.h"
#include "shared/protocol/json.h"
#include "shared/protocol/routes.h"

namespace easel::api {

namespace {

namespace routes = protocol::routes;
using http::Request;
using http::Responder;
using http::Response;

Response answer(int status, const protocol::Expected<protocol::PullInfo>& pull,
                const std::string& base = {}) {
    if (!pull) {
        return problemResponse(pull.error());
    }
    Response response = jsonResponse(status, protocol::toJson(*pull));
    if (status == 202) {
        response.headers.set("Location", base + routes::pull(pull->id));
    }
    return response;
}

Response createPull(const Service& service, const Request& request) {
    if (!service.pulls.start) {
        return problemResponse(pullsNothing());
    }
    return answer(202, bodyOf(request, protocol::parsePullRequest).and_then(service.pulls.start),
                  request.base);
}

Response getPull(const Service& service, const Request& request) {
    const std::string& id = request.param("id");
    const auto pull = service.pulls.find ? service.pulls.find(id) : std::nullopt;
    return pull ? answer(200, *pull) : problemResponse(protocol::notFound("pull " + id));
}

Response cancelPull(const Service& service, const Request& request) {
    const std::string& id = request.param("id");
    return service.pulls.cancel ? answer(200, service.pulls.cancel(id))
                                : problemResponse(protocol::notFound("pull " + id));
}

Response verifyModel(const Service& service, const Request& request) {
    return answer(202, service.models.verify(modelIdIn(request)), request.base);
}

void removeModel(const Service& service, const Request& request, const Responder& responder) {
    if (auto refusal = refusalUnlessAdmin(request)) {
        return responder.send(std::move(*refusal));
    }
    service.models.remove(modelIdIn(request), [responder](const protocol::Expected<void>& removed) {
        responder.send(removed ? Response{204, {}, {}} : problemResponse(removed.error()));
    });
}

}  // namespace

void addPullRoutes(http::Router& router, const Service& service) {
    const std::string pull = routes::pull("{id}");
    router.addSimple("POST", routes::kPulls,
                     forAdmins([service](const Request& request) { return createPull(service, request); }));
    router.addSimple("GET", routes::kPulls, [service](const Request&) {
        return jsonResponse(200, protocol::toJson(service.pulls.list ? service.pulls.list()
                                                                     : std::vector<protocol::PullInfo>()));
    });
    router.addSimple("GET", pull, [service](const Request& request) { return getPull(service, request); });
    router.addSimple("POST", routes::pullCancel("{id}"),
                     forAdmins([service](const Request& request) { return cancelPull(service, request); }));
    for (const char* const id : {"{name}", "{owner}/{name}"}) {
        router.addSimple("POST", routes::modelVerify(id), forAdmins([service](const Request& request) {
                             return verifyModel(service, request);
                         }));
        router.add("DELETE", routes::model(id),
                   [service](const Request& request, const Responder& responder) {
                       removeModel(service, request, responder);
                   });
    }
}

}  // namespace easel::api
