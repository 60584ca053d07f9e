// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

namespace easel::protocol {

/// How a model is. Available: on the disk, and not on any device. Failed: it cannot be used as it is.
enum class ModelState { Available, Loading, Loaded, Failed };

std::string_view toString(ModelState state);
std::optional<ModelState> modelStateFrom(std::string_view name);

}  // namespace easel::protocol
