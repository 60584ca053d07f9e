// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

#include "shared/protocol/problem.h"

namespace easel::hub {

/// In lower-case digits.
std::string sha256(std::string_view bytes);
/// The hash of `bytes` in the way in which a blob called `name` was named: SHA-256 where that has 64 digits,
/// else git's SHA-1.
std::string hashAs(std::string_view name, std::string_view bytes);
/// The same for a file of any size; `onBytes` is told what has been read since. Empty text when stopped.
protocol::Expected<std::string> hashFileAs(std::string_view name, const std::filesystem::path& file,
                                           const std::stop_token& stop = {},
                                           const std::function<void(std::int64_t)>& onBytes = {});

}  // namespace easel::hub
