// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "server/http/file.h"
#include "server/http/headers.h"

namespace easel::http {

/// `length` bytes of a file from `offset`.
struct FileRange {
    std::shared_ptr<const File> file;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
};

/// What a handler answers. The session adds Date, Content-Length, Connection and nosniff, and leaves the
/// body out where the request was HEAD.
struct Response {
    int status = 200;
    Headers headers;
    std::variant<std::string, FileRange> body;
};

Response textResponse(int status, std::string text,
                      std::string_view contentType = "text/plain; charset=utf-8");

}  // namespace easel::http
