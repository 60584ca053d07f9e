// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <functional>
#include <string>
#include <utility>

#include "server/api/answers.h"
#include "server/api/assets.h"
#include "server/api/awaiting.h"
#include "server/api/images.h"
#include "server/api/page_html.h"
#include "server/api/routes.h"
#include "server/api/submission.h"
#include "server/http/conditional.h"
#include "server/jobs/job_queue.h"
#include "shared/protocol/validation.h"

namespace easel::api {

namespace {

using http::Request;
using http::Responder;
using http::Response;
using protocol::Job;
using protocol::Problem;

constexpr int kRecentJobs = 24;
constexpr std::string_view kPromptMissing = "Please specify a prompt parameter";

bool wantsPage(const Request& request) {
    return request.headers.find("Accept").value_or("").find("text/html") != std::string_view::npos;
}

bool hasPrompt(const Request& request) {
    return !protocol::isBlank(request.query.find("prompt").value_or(""));
}

/// Another page, be it on another port of this machine, could otherwise put a picture's address into an
/// <img> or a frame and have us draw for it; a link that a person follows is welcome.
bool isFromAnotherPage(const Request& request) {
    const auto site = request.headers.find("Sec-Fetch-Site");
    const bool isOurs = !site || *site == "same-origin" || *site == "none";
    return request.isOfOtherOrigin || (!isOurs && request.headers.find("Sec-Fetch-User") != "?1");
}

Problem promptMissing() {
    Problem problem =
        protocol::invalidField("prompt", std::string(kPromptMissing) + ", as in /?prompt=a+red+fox.");
    problem.status = 400;
    return problem;
}

Response page(const Service& service, int status, const protocol::GenerationRequest& asked,
              std::optional<Job> job = {}, const std::optional<Problem>& problem = {}) {
    PageState state{service.server(),
                    service.models.page(protocol::kMaxPage, {}).models,
                    asked,
                    std::move(job),
                    problem,
                    {}};
    if (auto recent = service.queue.list(kRecentJobs)) {
        state.recent = std::move(recent->jobs);
    }
    Response response = http::textResponse(status, renderPage(state), "text/html; charset=utf-8");
    response.headers.set("Cache-Control", "no-store");
    response.headers.set("Vary", "Accept");
    if (problem) {
        setRetryAfter(response, *problem);
    }
    response.headers.set("Referrer-Policy", "no-referrer");
    response.headers.set("Content-Security-Policy",
                         "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; "
                         "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
    return response;
}

/// The picture itself, as the answer to a GET.
void answerPicture(const Service& service, const Request& request, const Responder& responder,
                   const protocol::Expected<Job>& ended) {
    if (!ended) {
        return responder.send(problemResponse(ended.error()));
    }
    const Job& job = *ended;
    if (const auto problem = whyNoPicture(job)) {
        return responder.send(problemResponse(*problem));
    }
    auto response = imageResponse(service, job.id, 0, request);
    if (!response) {
        return responder.send(problemResponse(response.error()));
    }
    response->headers.set("Cache-Control", "no-store");
    response->headers.set("Vary", "Accept");
    response->headers.set("X-Easel-Job", job.id);
    response->headers.set("X-Easel-Seed", std::to_string(job.images.front().seed));
    responder.send(std::move(*response));
}

/// The page with the picture on it, for a browser that runs no script.
void answerPage(const Service& service, const Request& request, const Responder& responder) {
    const auto asked = parseForm(request.query);
    if (!asked) {
        return responder.send(page(service, asked.error().status, {}, {}, asked.error()));
    }
    const auto job = submit(service, *asked, request.peer);
    if (!job) {
        return responder.send(page(service, job.error().status, *asked, {}, job.error()));
    }
    whenEnded(service.queue, job->id, responder, [service, responder, asked = *asked](const auto& ended) {
        const auto problem = ended ? whyNoPicture(*ended) : ended.error();
        if (problem) {
            responder.send(page(service, problem->status, asked, {}, problem));
        } else {
            responder.send(page(service, 200, asked, *ended));
        }
    });
}

/// The article's contract: an address with a prompt in it is a picture.
void answerRoot(const Service& service, const Request& request, const Responder& responder) {
    const bool isPage = wantsPage(request);
    const auto asked = parseForm(request.query);
    if (!hasPrompt(request)) {
        if (!isPage) {
            return responder.send(problemResponse(asked ? promptMissing() : asked.error()));
        }
        return responder.send(page(service, 200, asked.value_or(protocol::GenerationRequest())));
    }
    if (isFromAnotherPage(request)) {
        return responder.send(
            problemResponse(protocol::ofStatus(403, "Other pages may not have pictures drawn here.")));
    }
    if (request.method == "HEAD") {
        const std::string type = isPage ? "text/html; charset=utf-8" : "image/png";
        return responder.send(http::textResponse(200, {}, type));  // nothing is drawn to be thrown away
    }
    if (isPage) {
        return answerPage(service, request, responder);
    }
    if (!asked) {
        return responder.send(problemResponse(asked.error()));
    }
    if (asked->count.value_or(1) != 1) {
        return responder.send(problemResponse(protocol::invalidField(
            "count", "count must be 1 here, since the answer is one picture; POST /v1/jobs draws several.")));
    }
    const auto job = submit(service, *asked, request.peer);
    if (!job) {
        return responder.send(problemResponse(job.error()));
    }
    whenEnded(service.queue, job->id, responder, [service, request, responder](const auto& ended) {
        answerPicture(service, request, responder, ended);
    });
}

Response assetResponse(const Request& request, std::string_view name, std::string_view type) {
    const std::string_view bytes = asset(name);
    Response response = http::textResponse(200, std::string(bytes), type);
    response.headers.set("Cache-Control", "no-cache");
    return http::withValidator(request, std::move(response),
                               std::to_string(std::hash<std::string_view>()(bytes)));
}

}  // namespace

void addPageRoutes(http::Router& router, const Service& service) {
    router.add("GET", "/", [service](const Request& request, const Responder& responder) {
        answerRoot(service, request, responder);
    });
    const auto addAsset = [&router](std::string_view path, std::string_view name, std::string_view type) {
        router.addSimple("GET", path,
                         [name, type](const Request& request) { return assetResponse(request, name, type); });
    };
    addAsset("/page.css", "page.css", "text/css; charset=utf-8");
    addAsset("/page.js", "page.js", "text/javascript; charset=utf-8");
    addAsset("/favicon.svg", "app.svg", "image/svg+xml");
}

}  // namespace easel::api
