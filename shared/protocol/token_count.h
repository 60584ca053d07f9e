// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shared/protocol/addition.h"

namespace easel::protocol {

/// `POST /v1/tokens`: a prompt, as a request would have it.
struct TokenQuestion {
    std::string prompt;
    std::optional<std::string> model;
    std::optional<std::string> promptSyntax;

    bool operator==(const TokenQuestion&) const = default;
};

/// How a model reads a prompt; of one that changes or is joined, the longest text.
struct TokenCount {
    int tokens = 0;
    int chunks = 1;
    int limit = 0;                      ///< tokens that so many chunks have room for
    std::vector<std::int64_t> cuts;     ///< the bytes of the prompt where a chunk ends and another begins
    std::vector<LoraUse> loras;         ///< what its tags name
    std::vector<std::string> warnings;  ///< what may be meant otherwise than it is read, a sentence each

    bool operator==(const TokenCount&) const = default;
};

}  // namespace easel::protocol
