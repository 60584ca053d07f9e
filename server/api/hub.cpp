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
using http::Responder;
using http::Response;

constexpr int kUsualHits = 20;
constexpr int kMostHits = 50;
constexpr std::size_t kLongestSearch = 100;  // bytes

/// Why it is not looked for at all.
std::optional<Response> refusal(const Service& service, const Request& request) {
    if (auto refused = refusalUnlessAdmin(request)) {
        return refused;
    }
    return service.hub.search ? std::nullopt : std::optional(problemResponse(pullsNothing()));
}

/// Answers with what comes from the hub.
auto answeringWith(const Responder& responder) {
    return [responder](const auto& found) {
        responder.send(found ? jsonResponse(200, protocol::toJson(*found)) : problemResponse(found.error()));
    };
}

void search(const Service& service, const Request& request, const Responder& responder) {
    if (auto refused = refusal(service, request)) {
        return responder.send(std::move(*refused));
    }
    if (const auto problem = lostField(request.query, {"search", "limit"})) {
        return responder.send(problemResponse(*problem));
    }
    const auto limit = countIn(request.query, "limit", kMostHits, kUsualHits);
    if (!limit) {
        return responder.send(problemResponse(limit.error()));
    }
    const std::string words(request.query.find("search").value_or(""));
    if (words.empty() || words.size() > kLongestSearch) {
        return responder.send(problemResponse(protocol::invalidField(
            "search", "Say what to look for, in at most " + std::to_string(kLongestSearch) + " bytes.")));
    }
    service.hub.search(words, *limit, answeringWith(responder));
}

void lookUp(const Service& service, const Request& request, const Responder& responder) {
    if (auto refused = refusal(service, request)) {
        return responder.send(std::move(*refused));
    }
    if (const auto problem = lostField(request.query, {"revision"})) {
        return responder.send(problemResponse(*problem));
    }
    const std::string revision(request.query.find("revision").value_or("main"));
    service.hub.lookUp(modelIdIn(request), revision, answeringWith(responder));
}

}  // namespace

void addHubRoutes(http::Router& router, const Service& service) {
    router.add("GET", routes::kHub, [service](const Request& request, const Responder& responder) {
        search(service, request, responder);
    });
    router.add("GET", routes::hubModel("{owner}/{name}"),
               [service](const Request& request, const Responder& responder) {
                   lookUp(service, request, responder);
               });
}

}  // namespace easel::api
