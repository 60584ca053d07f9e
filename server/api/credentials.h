// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/http/request.h"

/// What a request shows to be let in.
namespace easel::api {

/// The key in Authorization: a Bearer token, or the password of Basic, whatever the user's name. Empty where
/// there is such a field and no key can be read from it; nothing where there is none.
std::optional<std::string> keyShown(const http::Request& request);
/// The values of the cookies of that name.
std::vector<std::string> cookies(const http::Request& request, std::string_view name);
/// Whether there is a key in the address, where it must never be.
bool hasKeyInAddress(const http::Request& request);

}  // namespace easel::api
