// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "server/http/request.h"
#include "server/http/response.h"

/// What is answered to a person with a browser.
namespace easel::api {

/// A person is looking, whom a sentence on a page helps more than JSON.
bool isForAPerson(const http::Request& request);
/// `text` as it can stand between tags and in the value of an attribute.
std::string escaped(std::string_view text);
/// `html` as a page that nobody may frame, and that loads nothing from elsewhere.
http::Response htmlResponse(int status, std::string html);
/// The way to another page, which is asked for with GET.
http::Response redirectTo(std::string address);

}  // namespace easel::api
