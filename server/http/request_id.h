// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

/// What one request is known by, in the answer, in the log and in what came of it.
namespace easel::http {

inline constexpr std::string_view kRequestIdField = "X-Request-Id";

/// 16 hexadecimal digits, unlike any other's.
std::string newRequestId();
/// Whether a client's own can be kept: 1 to 128 letters, digits and -_.:=+/
bool isRequestId(std::string_view text);

}  // namespace easel::http
