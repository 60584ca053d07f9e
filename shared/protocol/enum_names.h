// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace easel::protocol {

/// The value that is called `name`, of an enum whose `names` stand in the order of its values.
template <typename Enum, std::size_t N>
std::optional<Enum> valueNamed(const std::array<std::string_view, N>& names, std::string_view name) {
    const auto* const found = std::ranges::find(names, name);
    return found == names.end() ? std::nullopt : std::optional(static_cast<Enum>(found - names.begin()));
}

}  // namespace easel::protocol
