// SPDX-License-Identifier: Apache-2.0
#include "server/api/images.h"

#include <cstdint>
#include <string>
#include <utility>

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

protocol::Expected<http::Response> imageResponse(const Service& service, const std::string& job, int index,
                                                 const http::Request& request) {
    const auto stored = OwnJobs(service, request).image(job, index);
    if (!stored) {
        return tl::unexpected(stored.error());
    }
    const auto broken = [&](const std::string& how) {
        return tl::unexpected(protocol::internalError("The file of image " + std::to_string(index) +
                                                      " of job " + job + ' ' + how +
                                                      " The same request draws it again."));
    };
    const auto file = http::File::open(stored->path);
    if (!file) {
        return broken("cannot be read from the server's disk: it is missing or no plain file.");
    }
    const auto size = static_cast<std::uint64_t>(stored->info.bytes);
    if (file->size() != size) {
        return broken("was changed on the server's disk: it has " + std::to_string(file->size()) +
                      " bytes instead of " + std::to_string(size) + ".");
    }
    const std::string name = job + "-" + std::to_string(index);
    http::Response response;
    response.headers = {{"Content-Type", stored->info.contentType},
                        {"Content-Disposition", "inline; filename=\"easel-" + name + ".png\""},
                        {"Cross-Origin-Resource-Policy", "same-origin"}};
    response.body = http::FileRange{file, 0, file->size()};
    return explained(http::withRange(
        request, http::withValidator(request, std::move(response), name + "-" + file->version())));
}

}  // namespace easel::api
