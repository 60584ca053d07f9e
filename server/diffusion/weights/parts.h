// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <c10/core/ScalarType.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/diffusion/weights/resident.h"
#include "server/models/files/tensor_source.h"

namespace easel::diffusion {

/// A network in memory. Models that are made of the same files share it.
struct Part {
    std::string files;  ///< what identityOf() says
    std::int64_t bytes = 0;
    /// A copy with changes holds what it is a copy of, most of whose tensors are its own, too.
    std::shared_ptr<Resident> network = nullptr;
    /// What was passed over in its weights, a sentence each.
    std::vector<std::string> notes = {};
};

using Parts = std::vector<Part>;

/// Tells `file` from all others, and from what it was before it changed.
std::string identityOf(const std::filesystem::path& file);
/// Tells the part `name` with the weights of `source` and their `config` from all others, and from what they
/// were before they changed: places, sizes and times, with links followed. One file may hold several parts.
std::string identityOf(std::string_view name, const models::TensorSource& source,
                       const std::filesystem::path& config);

/// What the weights take in memory when they are held in `dtype`.
std::int64_t bytesOf(const models::TensorSource& source, c10::ScalarType dtype);

}  // namespace easel::diffusion
