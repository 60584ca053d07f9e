// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <string_view>

#include "server/api/answers.h"
#include "server/api/assets.h"
#include "server/api/bodies.h"
#include "server/api/door.h"
#include "server/api/html.h"
#include "server/api/routes.h"
#include "server/http/target.h"
#include "shared/protocol/routes.h"

namespace easel::api {

namespace {

namespace routes = protocol::routes;
using http::Request;
using http::Response;

/// Where the page has room for what went wrong.
constexpr std::string_view kPlace = "<!--problem-->";

Response loginPage(int status, const std::string& problem = {}) {
    std::string html(asset("login.html"));
    const std::string words =
        problem.empty() ? "" : "<p class=\"problem\" role=\"alert\">" + escaped(problem) + "</p>";
    html.replace(html.find(kPlace), kPlace.size(), words);
    Response response = htmlResponse(status, std::move(html));
    response.headers.set("Cache-Control", "no-store");
    return response;
}

/// Where to go on after the login: a page of this server, never another's.
std::string nextPage(const Request& request) {
    const std::string next(request.query.find("next").value_or(""));
    const bool isOurs = next.starts_with('/') && !next.starts_with("//") &&
                        std::ranges::all_of(next, [](char c) { return c > ' ' && c <= '~' && c != '\\'; });
    return request.base + (isOurs ? next : "/");
}

/// For a person on the page again, with what is wrong.
Response refusal(const Request& request, const protocol::Problem& problem) {
    if (!isForAPerson(request)) {
        Response response = problemResponse(problem);
        if (problem.status == 401) {
            response.headers.set("WWW-Authenticate", "Bearer realm=\"Easel\"");
        }
        return response;
    }
    Response response = loginPage(problem.status, problem.detail);
    if (problem.status == 401) {
        response.headers.set("WWW-Authenticate", "Bearer realm=\"Easel\"");
    }
    setRetryAfter(response, problem);
    return response;
}

/// People paste keys with what stands around them.
std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kSpace = " \t\r\n";
    const std::size_t begin = std::min(text.find_first_not_of(kSpace), text.size());
    return text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
}

Response logIn(Door& door, const Request& request) {
    if (!door.isLocked()) {
        return redirectTo(nextPage(request));
    }
    if (!isOfType(request, "application/x-www-form-urlencoded")) {
        return refusal(request,
                       protocol::ofStatus(415, "Send the key as a form does, in the field \"key\"."));
    }
    const auto form = http::parseQuery(request.body);
    const std::string_view secret = form ? trimmed(form->find("key").value_or("")) : std::string_view();
    if (secret.empty()) {
        return refusal(request, protocol::invalidField("key", "Please enter a key."));
    }
    const auto cookie = door.logIn(request, secret);
    if (!cookie) {
        return refusal(request, cookie.error());
    }
    Response response = redirectTo(nextPage(request));
    response.headers.set("Set-Cookie", *cookie);
    return response;
}

}  // namespace

void addLoginRoutes(http::Router& router, Door& door) {
    router.addSimple("GET", routes::kLogin, [&door](const Request& request) {
        return door.isLocked() ? loginPage(200) : redirectTo(nextPage(request));
    });
    router.addSimple("POST", routes::kLogin,
                     [&door](const Request& request) { return logIn(door, request); });
    router.addSimple("POST", routes::kLogout, [&door](const Request& request) {
        Response response = redirectTo(request.base + std::string(routes::kLogin));
        response.headers.set("Set-Cookie", door.logOut(request));
        return response;
    });
}

}  // namespace easel::api
