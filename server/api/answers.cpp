// SPDX-License-Identifier: Apache-2.0
#include "server/api/answers.h"

#include <algorithm>
#include <charconv>
#include <exception>
#include <utility>

#include <fmt/core.h>

#include "shared/protocol/caught.h"
#include "shared/protocol/json.h"

namespace easel::api {

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

void answerWith(const http::Responder& responder, const std::function<http::Response()>& work) {
    try {
        responder.send(work());
    } catch (const std::exception& error) {
        auto problem = protocol::problemOf(error);
        if (problem.status == 500) {
            problem.detail = "The request could not be answered.";
        }
        responder.send(problemResponse(problem));
        throw;
    }
}

void setRetryAfter(http::Response& response, const protocol::Problem& problem) {
    if (problem.retryAfter) {
        response.headers.set("Retry-After", std::to_string(*problem.retryAfter));
    }
}

std::string modelIdIn(const http::Request& request) {
    const auto owner = request.params.find("owner");
    const std::string& name = request.param("name");
    return owner == request.params.end() ? name : owner->second + "/" + name;
}

protocol::Problem pullsNothing() {
    return protocol::ofStatus(
        403, "This server pulls no models: it was started with --no-pull. Its owner can: easel-server pull.");
}

protocol::Problem tooManyPictures() {
    return protocol::unavailable("Many pictures are being taken in just now; try again in a moment.");
}

protocol::Expected<int> countIn(const http::Query& query, const char* name, int most, int usual) {
    const auto text = query.find(name);
    const auto number = text ? wholeNumber(*text) : usual;
    if (!number || *number < 1 || *number > most) {
        return tl::unexpected(
            protocol::invalidField(name, fmt::format("{} must be between 1 and {}.", name, most)));
    }
    return static_cast<int>(*number);
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
    return protocol::invalidField(name,
                                  fmt::format("There is no field \"{}\" here; there is: {}.", name, list));
}

}  // namespace easel::api
