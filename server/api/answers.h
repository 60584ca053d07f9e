// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/http/request.h"
#include "server/http/responder.h"
#include "server/http/response.h"
#include "shared/protocol/problem.h"

/// How what happened is said over HTTP.
namespace easel::api {

http::Response jsonResponse(int status, std::string json);
/// The one place where an error becomes a response (RFC 9457).
http::Response problemResponse(const protocol::Problem& problem);
/// 403: the server was started with --no-pull.
protocol::Problem pullsNothing();
/// 503: so many pictures wait to be looked at that another would have to wait long.
protocol::Problem tooManyPictures();
/// Has `responder` answer what `work` makes, on a thread that is none of the listener's. Where it throws,
/// that is the answer (503 or 507, else 500 without the exception's words), and it is thrown on, for a log.
void answerWith(const http::Responder& responder, const std::function<http::Response()>& work);
/// When to come back, where the problem says so.
void setRetryAfter(http::Response& response, const protocol::Problem& problem);

/// A whole number that fills all of `text`.
std::optional<std::int64_t> wholeNumber(std::string_view text);
/// Refuses a query field that is none of `known`, or stands there twice: one would be silently lost.
std::optional<protocol::Problem> lostField(const http::Query& query,
                                           const std::vector<std::string_view>& known);
/// The whole number that the query gives for `name`, or `usual`. Errors: 422; it is not in 1..`most`.
protocol::Expected<int> countIn(const http::Query& query, const char* name, int most, int usual);

/// The model's id in the path of its routes: NAME, or OWNER/NAME.
std::string modelIdIn(const http::Request& request);

}  // namespace easel::api
