// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "server/api/api.h"
#include "server/http/request.h"
#include "server/http/response.h"
#include "shared/protocol/problem.h"

namespace easel::api {

/// The bytes of image `index` of a job, from the disk, never whole in memory.
protocol::Expected<http::Response> imageResponse(const Service& service, const std::string& job, int index,
                                                 const http::Request& request);

}  // namespace easel::api
