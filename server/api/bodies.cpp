// SPDX-License-Identifier: Apache-2.0
#include "server/api/bodies.h"

namespace easel::api {

bool isOfType(const http::Request& request, std::string_view type) {
    const std::string_view given = request.headers.find("Content-Type").value_or("");
    const std::string_view essence = given.substr(0, given.find(';'));
    return http::equalsIgnoringCase(essence.substr(0, essence.find_last_not_of(" \t") + 1), type);
}

}  // namespace easel::api
