// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "server/http/request.h"
#include "server/http/response.h"
#include "server/jobs/input_records.h"

/// Who asks, and what that allows.
namespace easel::api {

/// The name by which the key with this id asks, which no address is.
std::string callerName(const std::string& keyId);
/// The id of the key that asks; nothing where none is needed.
std::optional<std::string> keyOf(const http::Request& request);
/// Whose the jobs are that are handed in with `request`: the key's, or, where none is needed, the address's.
std::string ownerOf(const http::Request& request);
/// Which of the pictures that were sent `request` sees: his own, or as an admin all.
jobs::InputView viewOf(const http::Request& request);
/// Whether what concerns others is allowed, too. Where no key is needed everybody may do everything.
bool isAdmin(const http::Request& request);

using SimpleHandler = std::function<http::Response(const http::Request&)>;

/// The 403 for who is none; nothing for an admin.
std::optional<http::Response> refusalUnlessAdmin(const http::Request& request);
/// `handler`, for admins alone.
SimpleHandler forAdmins(SimpleHandler handler);

}  // namespace easel::api
