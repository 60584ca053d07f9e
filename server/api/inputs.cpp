// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "server/api/answers.h"
#include "server/api/bodies.h"
#include "server/api/callers.h"
#include "server/api/images.h"
#include "server/api/routes.h"
#include "server/jobs/job_queue.h"
#include "shared/protocol/json.h"
#include "shared/protocol/routes.h"

namespace easel::api {

namespace {

namespace routes = protocol::routes;
using http::Request;
using http::Responder;
using http::Response;

constexpr std::size_t kNameDigits = 16;

Response addInput(const Service& service, const std::string& owner, const std::string& base,
                  const std::string& body) {
    const auto added =
        service.queue.inputs().add(owner, {reinterpret_cast<const std::uint8_t*>(body.data()), body.size()});
    if (!added) {
        return problemResponse(added.error());
    }
    Response response = jsonResponse(added->isNew ? 201 : 200, protocol::toJson(added->info));
    response.headers.set("Location", base + routes::input(added->info.id));
    return response;
}

/// What the body is, its content says; but a form holds a picture among other things.
void createInput(const Service& service, const Request& request, const Responder& responder) {
    if (isOfType(request, "multipart/form-data")) {
        return responder.send(problemResponse(protocol::ofStatus(
            415, "Send the picture's file alone as the body, not in a form: curl --data-binary @FILE.")));
    }
    const auto body = std::make_shared<const std::string>(request.body);
    const bool isTaken =
        service.queue.takeIn([service, responder, body, owner = ownerOf(request), base = request.base] {
            answerWith(responder, [&] { return addInput(service, owner, base, *body); });
        });
    if (!isTaken) {
        responder.send(problemResponse(tooManyPictures()));
    }
}

Response getInput(const Service& service, const Request& request) {
    const std::string& id = request.param("id");
    auto response = service.queue.inputs().find(id, viewOf(request)).and_then([&](const auto& stored) {
        return fileResponse({.path = stored.path,
                             .bytes = stored.info.bytes,
                             .contentType = stored.info.contentType,
                             .name = id.substr(0, kNameDigits),
                             .what = "input " + id,
                             .remedy = "Send the picture again with POST /v1/inputs."},
                            request);
    });
    return neverChanging(std::move(response));
}

}  // namespace

void addInputRoutes(http::Router& router, const Service& service) {
    const auto maxBytes = static_cast<std::size_t>(service.server().limits.maxInputBytes);
    const std::string input = routes::input("{id}");
    router.add(
        "POST", routes::kInputs,
        [service](const Request& request, const Responder& responder) {
            createInput(service, request, responder);
        },
        maxBytes);
    router.addSimple("GET", input, [service](const Request& request) { return getInput(service, request); });
    router.addSimple("DELETE", input, [service](const Request& request) {
        const auto removed = service.queue.inputs().remove(request.param("id"), viewOf(request));
        return removed ? Response{204, {}, {}} : problemResponse(removed.error());
    });
}

}  // namespace easel::api
