// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "server/api/answers.h"
#include "server/api/callers.h"
#include "server/api/own_jobs.h"
#include "server/api/routes.h"
#include "server/jobs/job_queue.h"
#include "shared/protocol/json.h"
#include "shared/protocol/routes.h"

namespace easel::api {

namespace {

namespace routes = protocol::routes;
using http::Request;
using http::Responder;
using http::Response;

Response stateResponse(const protocol::Expected<protocol::QueueState>& state) {
    return state ? jsonResponse(200, protocol::toJson(*state)) : problemResponse(state.error());
}

/// Where a client that lost its stream left off; what is no number of ours starts anew.
std::optional<std::uint64_t> lastEventId(const Request& request) {
    const auto number = wholeNumber(request.headers.find("Last-Event-ID").value_or(""));
    return number && *number >= 0 ? std::optional(static_cast<std::uint64_t>(*number)) : std::nullopt;
}

void send(http::EventStream& stream, const protocol::JobEvent& event) {
    if (const auto* const preview = std::get_if<protocol::Preview>(&event.news)) {
        return stream.offer(nameOf(event), eventData(event),
                            event.job + '/' + std::to_string(preview->index));
    }
    // Who lags is told how far a job is now, not how it got there.
    const bool isProgress = std::holds_alternative<protocol::Progress>(event.news);
    stream.send(nameOf(event), eventData(event), std::to_string(event.sequence),
                isProgress ? event.job : std::string());
}

/// The stream keeps its subscription, and what else is `kept`, until it ends; without one the client asks
/// again and learns why.
void keep(http::EventStream& stream, protocol::Expected<jobs::Subscription> subscription,
          std::shared_ptr<void> kept = {}) {
    if (!subscription) {
        return stream.close();
    }
    stream.onClosed(
        [jobs = std::make_shared<jobs::Subscription>(std::move(*subscription)), kept = std::move(kept)] {});
}

void followJob(const Service& service, const Request& request, const Responder& responder) {
    const std::string& id = request.param("id");
    const OwnJobs jobs(service, request);
    if (const auto job = jobs.find(id); !job) {
        return responder.send(problemResponse(job.error()));
    }
    http::EventStream stream = responder.stream();
    keep(stream, jobs.subscribe(id, lastEventId(request), [stream](const protocol::JobEvent& event) mutable {
        send(stream, event);
        if (isLast(event)) {
            stream.close();
        }
    }));
}

void followAll(const Service& service, const Request& request, const Responder& responder) {
    http::EventStream stream = responder.stream();
    // News have no numbers: a client that comes back is told anew how everything is.
    auto news = service.follow([stream](const protocol::ServerNews& event) mutable {
        stream.send(nameOf(event), eventData(event));
    });
    // Without keys an address follows its own, though it may see everybody's: a stream is no place to look.
    const bool isAll = keyOf(request) && isAdmin(request);
    keep(stream,
         service.queue.subscribeToAll(
             isAll ? std::nullopt : std::optional(ownerOf(request)), lastEventId(request),
             [stream](const protocol::JobEvent& event) mutable { send(stream, event); }),
         std::move(news));
}

}  // namespace

void addQueueRoutes(http::Router& router, const Service& service) {
    router.add("GET", routes::jobEvents("{id}"),
               [service](const Request& request, const Responder& responder) {
                   followJob(service, request, responder);
               });
    router.add("GET", routes::kEvents, [service](const Request& request, const Responder& responder) {
        followAll(service, request, responder);
    });
    router.addSimple("GET", routes::kQueue,
                     [service](const Request&) { return stateResponse(service.queue.state()); });
    router.addSimple("POST", routes::kQueuePause,
                     forAdmins([service](const Request&) { return stateResponse(service.queue.pause()); }));
    router.addSimple("POST", routes::kQueueResume,
                     forAdmins([service](const Request&) { return stateResponse(service.queue.resume()); }));
}

}  // namespace easel::api
