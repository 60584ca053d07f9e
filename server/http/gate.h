// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include <tl/expected.hpp>

#include "server/http/request.h"
#include "server/http/response.h"

namespace easel::http {

/// Says from the head of a request who asks, or refuses it, before its body is read and before anything is
/// told of what is at its path. The request has neither body nor params yet. Runs on an I/O thread and must
/// not block. An exception refuses, with a 500.
using Gate = std::function<tl::expected<Caller, Response>(const Request& head)>;

}  // namespace easel::http
