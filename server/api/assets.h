// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace easel::api {

/// A file that was built in: "login.html", "page.html", "page.css", the page's scripts, "app.svg",
/// "openapi.json".
std::string_view asset(std::string_view name);

}  // namespace easel::api
