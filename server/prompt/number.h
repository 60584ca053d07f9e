// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

namespace easel::prompt {

/// The decimal number that `text` is, all of it, with or without a sign; finite.
std::optional<double> numberIn(std::string_view text);

}  // namespace easel::prompt
