// SPDX-License-Identifier: Apache-2.0
#include "server/api/images.h"

#include <utility>

#include "server/http/conditional.h"
#include "server/jobs/queue.h"

namespace easel::api {

protocol::Expected<http::Response> imageResponse(const Service& service, const std::string& job, int index,
                                                 const http::Request& request) {
    const auto stored = service.queue.image(job, index);
    if (!stored) {
        return tl::unexpected(stored.error());
    }
    const auto file = http::File::open(stored->path);
    if (!file) {
        return tl::unexpected(protocol::internalError("The file of image " + std::to_string(index) +
                                                      " of job " + job +
                                                      " cannot be read from the server's disk."));
    }
    const std::string name = job + "-" + std::to_string(index);
    http::Response response;
    response.headers = {{"Content-Type", stored->info.contentType},
                        {"Content-Disposition", "inline; filename=\"easel-" + name + ".png\""},
                        {"Cross-Origin-Resource-Policy", "same-origin"}};
    response.body = http::FileRange{file, 0, file->size()};
    return http::withRange(request,
                           http::withValidator(request, std::move(response), name + "-" + file->version()));
}

}  // namespace easel::api
