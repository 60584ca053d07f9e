// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "server/api/answers.h"
#include "server/api/bodies.h"
#include "server/api/routes.h"
#include "shared/protocol/json.h"
#include "shared/protocol/routes.h"

namespace easel::api {

namespace {

using http::Request;
using http::Response;

Response countTokens(const Service& service, const Request& request) {
    const auto count =
        bodyOf(request, protocol::parseTokenQuestion)
            .and_then(
                [&](const protocol::TokenQuestion& question) -> protocol::Expected<protocol::TokenCount> {
                    const auto most = service.server().limits.maxPromptBytes;
                    if (question.prompt.size() > static_cast<std::size_t>(most)) {
                        return tl::unexpected(protocol::invalidField(
                            "prompt", "A prompt can have " + std::to_string(most) + " bytes."));
                    }
                    return service.models.countTokens(question);
                });
    return count ? jsonResponse(200, protocol::toJson(*count)) : problemResponse(count.error());
}

}  // namespace

void addTokenRoutes(http::Router& router, const Service& service) {
    router.addSimple("POST", protocol::routes::kTokens,
                     [service](const Request& request) { return countTokens(service, request); });
}

}  // namespace easel::api
