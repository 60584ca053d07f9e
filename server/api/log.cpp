// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include "server/api/answers.h"
#include "server/api/callers.h"
#include "server/api/routes.h"
#include "shared/protocol/log_lines.h"
#include "shared/protocol/routes.h"

namespace easel::api {

namespace {

using http::Request;
using http::Response;

Response lastLines(const Service& service, const Request& request) {
    if (const auto problem = lostField(request.query, {"lines"})) {
        return problemResponse(*problem);
    }
    const auto lines = countIn(request.query, "lines", protocol::kMaxLogLines, protocol::kUsualLogLines);
    if (!lines) {
        return problemResponse(lines.error());
    }
    const auto last = service.log ? service.log(*lines) : std::vector<std::string>();
    return jsonResponse(200, protocol::logLinesToJson(last));
}

}  // namespace

void addLogRoutes(http::Router& router, const Service& service) {
    router.addSimple("GET", protocol::routes::kLog,
                     forAdmins([service](const Request& request) { return lastLines(service, request); }));
    router.addSimple("GET", protocol::routes::kMetrics, forAdmins([service](const Request&) {
                         return http::textResponse(200, service.metrics ? service.metrics() : std::string(),
                                                   "text/plain; version=0.0.4; charset=utf-8");
                     }));
}

}  // namespace easel::api
