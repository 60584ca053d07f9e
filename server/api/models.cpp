// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "server/api/answers.h"
#include "server/api/callers.h"
#include "server/api/routes.h"
#include "shared/protocol/job.h"
#include "shared/protocol/json.h"
#include "shared/protocol/routes.h"

namespace easel::api {

namespace {

namespace routes = protocol::routes;
using http::Request;
using http::Response;
using protocol::Expected;
using protocol::ModelInfo;

Expected<ModelInfo> modelIn(const Service& service, const Request& request) {
    const std::string id = modelIdIn(request);
    if (auto model = service.models.describe(id)) {
        return std::move(*model);
    }
    return tl::unexpected(protocol::notFound("model " + id));
}

Response answer(int status, const Expected<ModelInfo>& model) {
    return model ? jsonResponse(status, protocol::toJson(*model)) : problemResponse(model.error());
}

Response listModels(const Service& service, const Request& request) {
    if (const auto problem = lostField(request.query, {"limit", "after"})) {
        return problemResponse(*problem);
    }
    const auto limit = countIn(request.query, "limit", protocol::kMaxPage, protocol::kMaxPage);
    if (!limit) {
        return problemResponse(limit.error());
    }
    const auto after = request.query.find("after");
    auto page = service.models.page(*limit, after ? std::optional(std::string(*after)) : std::nullopt);
    page.mayPull = service.pulls.start && isAdmin(request);
    page.freeBytes = service.models.freeBytes ? service.models.freeBytes() : std::nullopt;
    return jsonResponse(200, protocol::toJson(page));
}

}  // namespace

void addModelRoutes(http::Router& router, const Service& service) {
    router.addSimple("GET", routes::kModels,
                     [service](const Request& request) { return listModels(service, request); });
    for (const char* const id : {"{name}", "{owner}/{name}"}) {
        router.addSimple("GET", routes::model(id), [service](const Request& request) {
            return answer(200, modelIn(service, request));
        });
        router.addSimple("POST", routes::modelLoad(id), forAdmins([service](const Request& request) {
                             const auto model = modelIn(service, request);
                             if (model) {
                                 service.models.load(model->id);
                             }
                             return answer(202, model);
                         }));
        router.addSimple("POST", routes::modelUnload(id), forAdmins([service](const Request& request) {
                             const auto model = modelIn(service, request);
                             if (model) {
                                 service.models.unload(model->id);
                             }
                             return answer(202, model);
                         }));
    }
}

}  // namespace easel::api
