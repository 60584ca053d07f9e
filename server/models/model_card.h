// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

namespace easel::models {

/// The licence of the model in `folder`, as its card (README.md) names it at its head, else the name of a
/// file that holds it; empty when there is neither.
std::string licenceIn(const std::filesystem::path& folder);

}  // namespace easel::models
