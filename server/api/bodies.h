// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "server/http/request.h"
#include "shared/protocol/problem.h"

namespace easel::api {

/// Whether the body is of the type `type`, as "application/json", with or without parameters.
bool isOfType(const http::Request& request, std::string_view type);

/// What `parse` makes of the body. Errors: its own; 415 when it is no JSON.
template <typename Value>
protocol::Expected<Value> bodyOf(const http::Request& request,
                                 protocol::Expected<Value> (*parse)(std::string_view json)) {
    if (!isOfType(request, "application/json")) {
        return tl::unexpected(
            protocol::ofStatus(415, "Send the request as JSON, with Content-Type: application/json."));
    }
    return parse(request.body);
}

}  // namespace easel::api
