// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

/// A gate before the parser. Two programs that disagree on where a request ends can be played against
/// each other (request smuggling), so whatever leaves room for disagreement is refused here, more
/// strictly than Beast does before Boost 1.92.
namespace easel::http {

struct Refusal {
    int status = 400;
    std::string detail;
};

/// Where the head ends (after its empty line) within `bytes`, or nothing yet. What was seen in an earlier
/// call need not be looked at again: `seen` is its size then. Refuses what cannot become a head any more:
/// a control character or a line break other than CR LF.
tl::expected<std::optional<std::size_t>, Refusal> findHeadEnd(std::string_view bytes, std::size_t seen);

/// Checks a whole head: request line, field syntax, and everything that says how long the body is.
std::optional<Refusal> checkHead(std::string_view head);

}  // namespace easel::http
