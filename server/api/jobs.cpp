// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "server/api/answers.h"
#include "server/api/bodies.h"
#include "server/api/callers.h"
#include "server/api/images.h"
#include "server/api/own_jobs.h"
#include "server/api/pictures.h"
#include "server/api/routes.h"
#include "server/api/submission.h"
#include "server/jobs/job_queue.h"
#include "shared/protocol/json.h"
#include "shared/protocol/routes.h"

namespace easel::api {

namespace {

namespace routes = protocol::routes;
using http::Request;
using http::Responder;
using http::Response;
using protocol::Job;

/// Pictures may stand in it, in base64.
constexpr std::size_t kMaxJobBytes = 64UL * 1024 * 1024;
constexpr int kDefaultPage = 20;
constexpr std::size_t kLongestKey = 255;

Response jobResponse(const protocol::Expected<Job>& job) {
    return job ? jsonResponse(200, protocol::toJson(*job)) : problemResponse(job.error());
}

/// What the query of a new job says.
protocol::Expected<Submitting> submittingBy(const Request& request) {
    if (const auto problem = lostField(request.query, {"priority", "missing"})) {
        return tl::unexpected(*problem);
    }
    const auto text = request.query.find("priority");
    const auto number = text ? wholeNumber(*text) : 0;
    if (!number || !protocol::isPriority(*number)) {
        return tl::unexpected(protocol::priorityOutOfRange());
    }
    const auto missing = request.query.find("missing").value_or("refuse");
    if (missing != "refuse" && missing != "hold") {
        return tl::unexpected(protocol::invalidField(
            "missing", "missing says what becomes of a job whose model is not here: refuse or hold."));
    }
    return Submitting{{}, static_cast<int>(*number), missing == "hold"};
}

protocol::Expected<std::optional<std::string>> idempotencyKeyOf(const Request& request) {
    const auto field = request.headers.find("Idempotency-Key");
    if (!field) {
        return std::nullopt;
    }
    if (field->empty() || field->size() > kLongestKey) {
        return tl::unexpected(protocol::invalidField(
            "Idempotency-Key",
            "Idempotency-Key must have 1 to " + std::to_string(kLongestKey) + " characters."));
    }
    if (field != request.headers.list("Idempotency-Key")) {
        return tl::unexpected(protocol::invalidField(
            "Idempotency-Key", "Idempotency-Key is given more than once; say it once."));
    }
    // Each key of the server has names of its own for its requests; no field can hold a line end.
    return keyOf(request) ? request.caller.name + '\n' + std::string(*field) : std::string(*field);
}

/// What a client asks for, and how it is queued.
struct Order {
    protocol::GenerationRequest asked;
    Submitting how;
};

protocol::Expected<Order> orderIn(const Request& request) {
    return idempotencyKeyOf(request).and_then([&](std::optional<std::string> key) {
        return submittingBy(request).and_then([&](Submitting how) {
            how.key = std::move(key);
            return bodyOf(request, protocol::parseRequest).map([&](protocol::GenerationRequest asked) {
                return Order{std::move(asked), std::move(how)};
            });
        });
    });
}

Response submitted(const Service& service, const Order& order, const Request& asking) {
    const auto job = submit(service, order.asked, asking, order.how);
    if (!job) {
        return problemResponse(job.error());
    }
    Response response = jsonResponse(202, protocol::toJson(*job));
    response.headers.set("Location", asking.base + routes::job(job->id));
    return response;
}

/// Pictures in the request take long to unpack and to write.
void submitLater(const Service& service, Order order, const Request& request, const Responder& responder) {
    auto asking = std::make_shared<Request>(request);
    asking->body = {};
    const bool isTaken = service.queue.takeIn(
        [service, order = std::move(order), asking = std::move(asking), responder]() mutable {
            answerWith(responder, [&] {
                auto asked = takeInPictures(service, std::move(order.asked), ownerOf(*asking));
                if (!asked) {
                    return problemResponse(asked.error());
                }
                order.asked = std::move(*asked);
                return submitted(service, order, *asking);
            });
        });
    if (!isTaken) {
        responder.send(problemResponse(tooManyPictures()));
    }
}

void createJob(const Service& service, const Request& request, const Responder& responder) {
    auto order = orderIn(request);
    if (!order) {
        return responder.send(problemResponse(order.error()));
    }
    if (hasInlinePictures(order->asked)) {
        return submitLater(service, std::move(*order), request, responder);
    }
    responder.send(submitted(service, *order, request));
}

Response estimateJob(const Service& service, const Request& request) {
    const auto answer = bodyOf(request, protocol::parseRequest).and_then([&](const auto& asked) {
        return estimate(service, asked, request);
    });
    return answer ? jsonResponse(200, protocol::toJson(*answer)) : problemResponse(answer.error());
}

Response moveJob(const Service& service, const Request& request) {
    return jobResponse(bodyOf(request, protocol::parseMove).and_then([&](const protocol::Move& move) {
        return OwnJobs(service, request).move(request.param("id"), move);
    }));
}

Response listJobs(const Service& service, const Request& request) {
    if (const auto problem = lostField(request.query, {"limit", "before"})) {
        return problemResponse(*problem);
    }
    const auto limit = countIn(request.query, "limit", protocol::kMaxPage, kDefaultPage);
    if (!limit) {
        return problemResponse(limit.error());
    }
    const auto before = request.query.find("before");
    const auto page =
        OwnJobs(service, request).list(*limit, before ? std::optional(std::string(*before)) : std::nullopt);
    return page ? jsonResponse(200, protocol::toJson(*page)) : problemResponse(page.error());
}

Response getImage(const Service& service, const Request& request) {
    const std::string& id = request.param("id");
    const auto index = wholeNumber(request.param("n"));
    if (!index || *index < 0 || *index > std::numeric_limits<int>::max()) {
        return problemResponse(protocol::notFound("image " + request.param("n") + " of job " + id));
    }
    auto response = imageResponse(service, id, static_cast<int>(*index), request);
    return neverChanging(std::move(response));
}

}  // namespace

void addJobRoutes(http::Router& router, const Service& service) {
    const std::string jobs(routes::kJobs);
    const std::string job = routes::job("{id}");
    router.add(
        "POST", jobs,
        [service](const Request& request, const Responder& responder) {
            createJob(service, request, responder);
        },
        kMaxJobBytes);
    router.addSimple("POST", routes::kEstimate,
                     [service](const Request& request) { return estimateJob(service, request); });
    router.addSimple("GET", jobs, [service](const Request& request) { return listJobs(service, request); });
    router.addSimple("GET", job, [service](const Request& request) {
        return jobResponse(OwnJobs(service, request).find(request.param("id")));
    });
    router.addSimple("DELETE", job, [service](const Request& request) {
        const auto removed = OwnJobs(service, request).remove(request.param("id"));
        return removed ? Response{204, {}, {}} : problemResponse(removed.error());
    });
    router.addSimple("POST", routes::jobCancel("{id}"), [service](const Request& request) {
        return jobResponse(OwnJobs(service, request).cancel(request.param("id")));
    });
    router.addSimple("POST", routes::jobMove("{id}"),
                     [service](const Request& request) { return moveJob(service, request); });
    router.addSimple("POST", routes::jobRelease("{id}"), [service](const Request& request) {
        return jobResponse(OwnJobs(service, request).release(request.param("id")));
    });
    router.addSimple("GET", job + "/images/{n}",
                     [service](const Request& request) { return getImage(service, request); });
}

}  // namespace easel::api
