// SPDX-License-Identifier: Apache-2.0
#include <functional>
#include <string>
#include <utility>

#include "server/api/answers.h"
#include "server/api/assets.h"
#include "server/api/awaiting.h"
#include "server/api/callers.h"
#include "server/api/html.h"
#include "server/api/images.h"
#include "server/api/routes.h"
#include "server/api/submission.h"
#include "server/http/conditional.h"
#include "shared/protocol/json.h"
#include "shared/protocol/validation.h"

namespace easel::api {

namespace {

using http::Request;
using http::Responder;
using http::Response;
using protocol::Job;
using protocol::Problem;

constexpr std::string_view kPromptMissing = "Please specify a prompt parameter";

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

Response problemPage(const Problem& problem) {
    constexpr std::string_view kHead = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="page.css">
)";
    constexpr std::string_view kHeader =
        R"(<header><h1><img src="favicon.svg" alt="" width="24" height="24">Easel</h1></header>)";
    const std::string title = escaped(problem.title);
    std::string html(kHead);
    html.append("<title>").append(title).append(" · Easel</title>\n</head>\n<body>\n").append(kHeader);
    html.append("\n<main class=\"refusal\">\n<h2>").append(title).append("</h2>\n");
    html.append("<p class=\"problem\" data-field=\"").append(escaped(problem.field.value_or("")));
    html.append("\">").append(escaped(problem.detail)).append("</p>\n");
    html.append("<a class=\"example\" href=\"./\">Back to the page</a>\n</main>\n</body>\n</html>\n");
    Response response = htmlResponse(problem.status, std::move(html));
    response.headers.set("Cache-Control", "no-store");
    setRetryAfter(response, problem);
    return response;
}

/// A refusal of the address, for whoever asks: a page for a person, JSON for a program.
Response refusal(const Request& request, const Problem& problem) {
    if (isForAPerson(request)) {
        return problemPage(problem);
    }
    Response response = problemResponse(problem);
    response.headers.set("Vary", "Accept");
    return response;
}

/// A file that was built in, sent again only when it is another one.
Response withItsValidator(const Request& request, Response response, std::string_view bytes) {
    response.headers.set("Cache-Control", "no-cache");
    return http::withValidator(request, std::move(response),
                               std::to_string(std::hash<std::string_view>()(bytes)));
}

Response pageResponse(const Request& request) {
    const std::string_view bytes = asset("page.html");
    return withItsValidator(request, htmlResponse(200, std::string(bytes)), bytes);
}

Response pictureResponse(const Service& service, const Request& request,
                         const protocol::Expected<Job>& ended) {
    if (!ended) {
        return refusal(request, ended.error());
    }
    if (const auto problem = whyNoPicture(*ended)) {
        return refusal(request, *problem);
    }
    auto response = imageResponse(service, ended->id, 0, request);
    if (!response) {
        return refusal(request, response.error());
    }
    response->headers.set("Cache-Control", "no-store");
    response->headers.set("Vary", "Accept");
    response->headers.set("X-Easel-Job", ended->id);
    response->headers.set("X-Easel-Seed", std::to_string(ended->images.front().seed));
    return std::move(*response);
}

/// What the address asks for, where one picture can be the answer to it.
protocol::Expected<protocol::GenerationRequest> onePicture(const Request& request) {
    auto asked = parseForm(request.query);
    if (asked && asked->count.value_or(1) != 1) {
        return tl::unexpected(protocol::invalidField(
            "count", "count must be 1 here, since the answer is one picture; POST /v1/jobs draws several."));
    }
    return asked;
}

/// The article's contract: an address with a prompt in it is a picture, whoever asks.
void answerPicture(const Service& service, const Request& request, const Responder& responder) {
    if (isFromAnotherPage(request)) {
        return responder.send(
            refusal(request, protocol::ofStatus(403, "Other pages may not have pictures drawn here.")));
    }
    if (request.method == "HEAD") {
        return responder.send(
            http::textResponse(200, {}, "image/png"));  // nothing is drawn to be thrown away
    }
    const auto job =
        onePicture(request).and_then([&](const auto& asked) { return submit(service, asked, request); });
    if (!job) {
        return responder.send(refusal(request, job.error()));
    }
    whenEnded(service.queue, job->id, responder, [service, request, responder](const auto& ended) {
        responder.send(pictureResponse(service, request, ended));
    });
}

void answerRoot(const Service& service, const Request& request, const Responder& responder) {
    if (hasPrompt(request)) {
        return answerPicture(service, request, responder);
    }
    if (isForAPerson(request)) {
        return responder.send(pageResponse(request));
    }
    const auto asked = parseForm(request.query);
    responder.send(refusal(request, asked ? promptMissing() : asked.error()));
}

Response assetResponse(const Request& request, std::string_view name, std::string_view type) {
    const std::string_view bytes = asset(name);
    return withItsValidator(request, http::textResponse(200, std::string(bytes), type), bytes);
}

/// What was built in under a script's name.
Response scriptResponse(const Request& request) {
    const std::string& name = request.param("script");
    return !name.ends_with(".js") || asset(name).empty()
               ? problemResponse(protocol::ofStatus(404, "The page has no such script."))
               : assetResponse(request, name, "text/javascript; charset=utf-8");
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
    router.addSimple("GET", "/page-fields.json", [service](const Request&) {
        return jsonResponse(200, protocol::fieldsToJson(service.server().limits));
    });
    addAsset("/page.css", "page.css", "text/css; charset=utf-8");
    router.addSimple("GET", "/page/{script}", [](const Request& request) { return scriptResponse(request); });
    addAsset("/favicon.svg", "app.svg", "image/svg+xml");
}

}  // namespace easel::api
