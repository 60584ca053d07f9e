// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "server/api/api.h"
#include "server/http/request.h"
#include "server/http/response.h"
#include "shared/protocol/problem.h"

namespace easel::api {

/// A file on the disk that is sent as it is.
struct SentFile {
    std::filesystem::path path;
    std::int64_t bytes = 0;
    std::string contentType;
    std::string name;    ///< without the server's own in front of it
    std::string what;    ///< "image 0 of job j_12"
    std::string remedy;  ///< a sentence: what to do when it is damaged
};

/// Its bytes, never whole in memory, whole or the part that is asked for. Errors: it is not as it was
/// written.
protocol::Expected<http::Response> fileResponse(const SentFile& sent, const http::Request& request);
/// Such an answer, or the problem, for a file that its address always means.
http::Response neverChanging(protocol::Expected<http::Response> response);

/// The bytes of image `index` of a job, from the disk, never whole in memory.
protocol::Expected<http::Response> imageResponse(const Service& service, const std::string& job, int index,
                                                 const http::Request& request);

}  // namespace easel::api
