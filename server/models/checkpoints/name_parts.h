// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace easel::models {

/// The beginning of a name, and what stands for it elsewhere.
using Renaming = std::pair<std::string_view, std::string_view>;

/// Takes `begin` off the front of `name`; false when it does not stand there.
bool takeBegin(std::string_view& name, std::string_view begin);
/// Takes "12." off the front of `name`; empty when no such number stands there.
std::optional<int> takeIndex(std::string_view& name);
/// `name` with the first of `renamings` that fits; empty when none does.
std::optional<std::string> renamed(std::string_view name, std::span<const Renaming> renamings);

}  // namespace easel::models
