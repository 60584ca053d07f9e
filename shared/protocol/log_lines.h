// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "shared/protocol/problem.h"

/// `GET /v1/log`: the last lines of a server's log, oldest first.
namespace easel::protocol {

inline constexpr int kMaxLogLines = 1000;
/// Unless a client says how many.
inline constexpr int kUsualLogLines = 200;

std::string logLinesToJson(const std::vector<std::string>& lines);
Expected<std::vector<std::string>> parseLogLines(std::string_view json);

}  // namespace easel::protocol
