// SPDX-License-Identifier: Apache-2.0
#include "server/api/answers.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "shared/protocol/json.h"

namespace easel::api {

namespace {

struct Kind {
    int status;
    std::string_view code;
    std::string_view title;
};

constexpr Kind kKinds[] = {
    {400, "malformed", "The request cannot be read"},
    {403, "forbidden", "Not allowed from there"},
    {404, "not_found", "Not found"},
    {405, "method_not_allowed", "The method does not fit this path"},
    {412, "precondition_failed", "It is not what it was"},
    {413, "too_large", "The request is too large"},
    {415, "unsupported_media_type", "The body is of the wrong type"},
    {416, "range_not_satisfiable", "There is no such part"},
    {417, "expectation_failed", "The expectation cannot be met"},
    {421, "wrong_host", "This server has another name"},
    {431, "too_large", "The request is too large"},
    {503, "unavailable", "Too busy"},
    {505, "version_not_supported", "The version of HTTP is not supported"},
};

}  // namespace

http::Response jsonResponse(int status, std::string json) {
    http::Response response = http::textResponse(status, std::move(json), "application/json");
    response.headers.set("Cache-Control", "no-store");
    return response;
}

http::Response problemResponse(const protocol::Problem& problem) {
    http::Response response =
        http::textResponse(problem.status, protocol::toJson(problem), "application/problem+json");
    response.headers.set("Cache-Control", "no-store");
    setRetryAfter(response, problem);
    return response;
}

void setRetryAfter(http::Response& response, const protocol::Problem& problem) {
    if (problem.retryAfter) {
        response.headers.set("Retry-After", std::to_string(*problem.retryAfter));
    }
}

protocol::Problem transportProblem(int status, std::string detail) {
    const auto* kind = std::ranges::find(kKinds, status, &Kind::status);
    if (kind == std::end(kKinds)) {
        protocol::Problem problem = protocol::internalError(std::move(detail));
        problem.status = status;
        return problem;
    }
    return {status, std::string(kind->code), std::string(kind->title), std::move(detail), {}};
}

std::optional<std::int64_t> wholeNumber(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) {
        return {};
    }
    return value;
}

std::optional<protocol::Problem> lostField(const http::Query& query,
                                           const std::vector<std::string_view>& known) {
    const auto isKnown = [&](const auto& field) {
        return std::ranges::find(known, field.first) != known.end();
    };
    const auto unknown = std::ranges::find_if_not(query, isKnown);
    if (unknown == query.end()) {
        for (const std::string_view name : known) {
            if (std::ranges::count(query, name, [](const auto& field) { return field.first; }) > 1) {
                return protocol::invalidField(std::string(name),
                                              std::string(name) + " is given more than once; say it once.");
            }
        }
        return {};
    }
    std::string list;
    for (const std::string_view each : known) {
        list.append(list.empty() ? "" : ", ").append(each);
    }
    const std::string& name = unknown->first;
    return protocol::invalidField(name, "There is no field \"" + name + "\" here; there is: " + list + ".");
}

}  // namespace easel::api
