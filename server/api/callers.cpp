// SPDX-License-Identifier: Apache-2.0
#include "server/api/callers.h"

#include <string_view>
#include <utility>

#include "server/api/answers.h"

namespace easel::api {

namespace {

constexpr std::string_view kPrefix = "key:";

}  // namespace

std::string callerName(const std::string& keyId) {
    return std::string(kPrefix) + keyId;
}

std::optional<std::string> keyOf(const http::Request& request) {
    const std::string& name = request.caller.name;
    return name.starts_with(kPrefix) ? std::optional(name.substr(kPrefix.size())) : std::nullopt;
}

std::string ownerOf(const http::Request& request) {
    return request.caller.name.empty() ? request.peer : request.caller.name;
}

jobs::InputView viewOf(const http::Request& request) {
    return {ownerOf(request), isAdmin(request)};
}

bool isAdmin(const http::Request& request) {
    return request.caller.name.empty() || request.caller.isAdmin;
}

std::optional<http::Response> refusalUnlessAdmin(const http::Request& request) {
    if (isAdmin(request)) {
        return {};
    }
    return problemResponse(protocol::scopeMissing("This needs a key with the scope admin; the key \"" +
                                                  request.caller.title + "\" has the scope generate."));
}

SimpleHandler forAdmins(SimpleHandler handler) {
    return [handler = std::move(handler)](const http::Request& request) {
        auto refusal = refusalUnlessAdmin(request);
        return refusal ? std::move(*refusal) : handler(request);
    };
}

}  // namespace easel::api
