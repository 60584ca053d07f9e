// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "shared/protocol/problem.h"

namespace easel::protocol {

/// Parses JSON from strangers: nesting is bounded, a duplicate key is refused, and text after the value
/// is an error. It ends at the first thing that is refused. For .cpp files.
Expected<nlohmann::json> parseStrict(std::string_view text);

}  // namespace easel::protocol
