// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace easel::tests {

/// What one client sends, and what must come back: these answers, no more, and then the end or an open
/// connection.
struct Conversation {
    std::vector<std::string> pieces;  ///< sent one after another
    std::vector<int> statuses;
    bool ends = false;
    bool isHead = false;     ///< the first request is HEAD: its answer has no body
    bool endsFirst = false;  ///< the client sends nothing more after the last piece
};

/// Holds it with the server at `port`, which has a route /livez. What differs, or nothing.
std::string disagreement(std::uint16_t port, const Conversation& conversation);

}  // namespace easel::tests
