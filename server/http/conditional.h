// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "server/http/request.h"
#include "server/http/response.h"

namespace easel::http {

/// `response` with the strong validator `tag` (without quotes); 304 when the client has that already, 412
/// when it wants another one (RFC 9110, 13).
Response withValidator(const Request& request, Response response, const std::string& tag);

/// The part of a file that the client asks for: 206, 416 when it lies outside, or the whole (RFC 9110, 14).
/// One range at a time; a list of them is answered with the whole, as is a malformed one.
Response withRange(const Request& request, Response response);

}  // namespace easel::http
