// SPDX-License-Identifier: Apache-2.0
#include "server/api/images.h"

#include <cstdint>
#include <string>
#include <utility>

#include <fmt/core.h>

#include "server/api/answers.h"
#include "server/api/own_jobs.h"
#include "server/http/conditional.h"
#include "server/jobs/job_queue.h"

namespace easel::api {

namespace {

/// `response`, with words in it where it is a refusal.
http::Response explained(http::Response response) {
    const bool isOther = response.status == 412;
    if (!isOther && response.status != 416) {
        return response;
    }
    http::Response refusal = problemResponse(
        protocol::ofStatus(response.status, isOther ? "The picture is none of those that If-Match asks for."
                                                    : "The range lies behind the end of the picture."));
    for (const char* name : {"ETag", "Accept-Ranges", "Content-Range"}) {
        if (const auto value = response.headers.find(name)) {
            refusal.headers.set(name, std::string(*value));
        }
    }
    return refusal;
}

}  // namespace

protocol::Expected<http::Response> fileResponse(const SentFile& sent, const http::Request& request) {
    const auto broken = [&](const std::string& how) {
        return tl::unexpected(
            protocol::internalError(fmt::format("The file of {} {} {}", sent.what, how, sent.remedy)));
    };
    const auto file = http::File::open(sent.path);
    if (!file) {
        return broken("cannot be read from the server's disk: it is missing or no plain file.");
    }
    const auto size = static_cast<std::uint64_t>(sent.bytes);
    if (file->size() != size) {
        return broken(fmt::format("was changed on the server's disk: it has {} bytes instead of {}.",
                                  file->size(), size));
    }
    const std::string kind = sent.contentType.substr(sent.contentType.find('/') + 1);
    http::Response response;
    response.headers = {
        {"Content-Type", sent.contentType},
        {"Content-Disposition", fmt::format("inline; filename=\"easel-{}.{}\"", sent.name, kind)},
        {"Cross-Origin-Resource-Policy", "same-origin"}};
    response.body = http::FileRange{file, 0, file->size()};
    return explained(http::withRange(
        request, http::withValidator(request, std::move(response), sent.name + "-" + file->version())));
}

http::Response neverChanging(protocol::Expected<http::Response> response) {
    if (!response) {
        return problemResponse(response.error());
    }
    if (response->status < 400) {
        response->headers.set("Cache-Control", "private, max-age=31536000, immutable");
    }
    return std::move(*response);
}

protocol::Expected<http::Response> imageResponse(const Service& service, const std::string& job, int index,
                                                 const http::Request& request) {
    return OwnJobs(service, request).image(job, index).and_then([&](const auto& stored) {
        return fileResponse({.path = stored.path,
                             .bytes = stored.info.bytes,
                             .contentType = stored.info.contentType,
                             .name = fmt::format("{}-{}", job, index),
                             .what = fmt::format("image {} of job {}", index, job),
                             .remedy = "The same request draws it again."},
                            request);
    });
}

}  // namespace easel::api
