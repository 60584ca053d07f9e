// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace easel::protocol {

/// Milliseconds since 1970 UTC, by the machine's clock.
std::int64_t millisecondsNow();
/// Milliseconds since 1970 UTC as RFC 3339 with milliseconds: "2026-11-22T21:54:49.120Z".
std::string formatTimestamp(std::int64_t milliseconds);
/// Reads what `formatTimestamp` writes.
std::optional<std::int64_t> parseTimestamp(std::string_view text);

}  // namespace easel::protocol
