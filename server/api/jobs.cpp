// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "server/api/answers.h"
#include "server/api/images.h"
#include "server/api/routes.h"
#include "server/api/submission.h"
#include "server/jobs/queue.h"
#include "shared/protocol/json.h"
#include "shared/protocol/routes.h"

namespace easel::api {

namespace {

namespace routes = protocol::routes;
using http::Request;
using http::Response;
using protocol::Job;

constexpr int kDefaultPage = 20;
constexpr int kLargestPage = 100;
constexpr std::size_t kLongestKey = 255;

/// `application/json`, with or without parameters.
bool isJson(const Request& request) {
    const std::string_view type = request.headers.find("Content-Type").value_or("");
    const std::string_view essence = type.substr(0, type.find(';'));
    return http::equalsIgnoringCase(essence.substr(0, essence.find_last_not_of(" \t") + 1),
                                    "application/json");
}

Response jobResponse(const protocol::Expected<Job>& job) {
    return job ? jsonResponse(200, protocol::toJson(*job)) : problemResponse(job.error());
}

protocol::Expected<protocol::GenerationRequest> requestIn(const Request& request) {
    if (!isJson(request)) {
        return tl::unexpected(
            protocol::ofStatus(415, "Send the request as JSON, with Content-Type: application/json."));
    }
    return protocol::parseRequest(request.body);
}

Response createJob(const Service& service, const Request& request) {
    std::optional<std::string> key;
    if (const auto field = request.headers.find("Idempotency-Key")) {
        if (field->empty() || field->size() > kLongestKey) {
            return problemResponse(protocol::invalidField(
                "Idempotency-Key",
                "Idempotency-Key must have 1 to " + std::to_string(kLongestKey) + " characters."));
        }
        if (field != request.headers.list("Idempotency-Key")) {
            return problemResponse(protocol::invalidField(
                "Idempotency-Key", "Idempotency-Key is given more than once; say it once."));
        }
        key = *field;
    }
    const auto job = requestIn(request).and_then(
        [&](const auto& asked) { return submit(service, asked, request.peer, key); });
    if (!job) {
        return problemResponse(job.error());
    }
    Response response = jsonResponse(202, protocol::toJson(*job));
    response.headers.set("Location", routes::job(job->id));
    return response;
}

Response estimateJob(const Service& service, const Request& request) {
    const auto answer = requestIn(request).and_then(
        [&](const auto& asked) { return estimate(service, asked, request.peer); });
    return answer ? jsonResponse(200, protocol::toJson(*answer)) : problemResponse(answer.error());
}

Response listJobs(const Service& service, const Request& request) {
    if (const auto problem = lostField(request.query, {"limit", "before"})) {
        return problemResponse(*problem);
    }
    const auto text = request.query.find("limit");
    const auto limit = text ? wholeNumber(*text) : kDefaultPage;
    if (!limit || *limit < 1 || *limit > kLargestPage) {
        return problemResponse(protocol::invalidField(
            "limit", "limit must be between 1 and " + std::to_string(kLargestPage) + "."));
    }
    const auto before = request.query.find("before");
    const auto page = service.queue.list(static_cast<int>(*limit),
                                         before ? std::optional(std::string(*before)) : std::nullopt);
    return page ? jsonResponse(200, protocol::toJson(*page)) : problemResponse(page.error());
}

Response getImage(const Service& service, const Request& request) {
    const std::string& id = request.param("id");
    const auto index = wholeNumber(request.param("n"));
    if (!index || *index < 0 || *index > std::numeric_limits<int>::max()) {
        return problemResponse(protocol::notFound("image " + request.param("n") + " of job " + id));
    }
    auto response = imageResponse(service, id, static_cast<int>(*index), request);
    if (!response) {
        return problemResponse(response.error());
    }
    if (response->status < 400) {
        response->headers.set("Cache-Control", "private, max-age=31536000, immutable");
    }
    return std::move(*response);
}

/// Where a client that lost its stream left off; what is no number of ours starts anew.
std::optional<std::uint64_t> lastEventId(const Request& request) {
    const auto number = wholeNumber(request.headers.find("Last-Event-ID").value_or(""));
    return number && *number >= 0 ? std::optional(static_cast<std::uint64_t>(*number)) : std::nullopt;
}

void followJob(const Service& service, const Request& request, const http::Responder& responder) {
    const std::string& id = request.param("id");
    if (const auto job = service.queue.find(id); !job) {
        return responder.send(problemResponse(job.error()));
    }
    http::EventStream stream = responder.stream();
    auto subscription =
        service.queue.subscribe(id, lastEventId(request), [stream](const protocol::JobEvent& event) mutable {
            stream.send(toString(event.type), eventData(event), std::to_string(event.sequence));
            if (event.type == protocol::JobEventType::Done) {
                stream.close();
            }
        });
    if (!subscription) {
        return stream.close();  // removed since it was found: the client asks again and learns so
    }
    // The stream keeps its subscription until it ends.
    stream.onClosed([kept = std::make_shared<jobs::Subscription>(std::move(*subscription))] {});
}

}  // namespace

void addJobRoutes(http::Router& router, const Service& service) {
    const std::string jobs(routes::kJobs);
    const std::string job = routes::job("{id}");
    router.addSimple("POST", jobs, [service](const Request& request) { return createJob(service, request); });
    router.addSimple("POST", routes::kEstimate,
                     [service](const Request& request) { return estimateJob(service, request); });
    router.addSimple("GET", jobs, [service](const Request& request) { return listJobs(service, request); });
    router.addSimple("GET", job, [service](const Request& request) {
        return jobResponse(service.queue.find(request.param("id")));
    });
    router.addSimple("DELETE", job, [service](const Request& request) {
        const auto removed = service.queue.remove(request.param("id"));
        return removed ? Response{204, {}, {}} : problemResponse(removed.error());
    });
    router.addSimple("POST", routes::jobCancel("{id}"), [service](const Request& request) {
        return jobResponse(service.queue.cancel(request.param("id")));
    });
    router.add("GET", routes::jobEvents("{id}"),
               [service](const Request& request, const http::Responder& responder) {
                   followJob(service, request, responder);
               });
    router.addSimple("GET", job + "/images/{n}",
                     [service](const Request& request) { return getImage(service, request); });
}

}  // namespace easel::api
