// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/ScalarType.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>

#include "server/models/files/safetensors.h"

namespace easel::diffusion {

/// Nothing for what no weights are stored as.
std::optional<c10::ScalarType> scalarTypeOf(models::DType dtype);

/// Whether all numbers of `entry`, which are stored as `type`, are finite.
bool isFinite(const models::TensorEntry& entry, c10::ScalarType type);

/// The numbers of `entry` as they are in its file; `map` stays as long as they do.
at::Tensor storedIn(const models::TensorEntry& entry, c10::ScalarType type,
                    const std::shared_ptr<const void>& map);

/// Takes `bytes` of a map, which have been read, out of this process's memory; who reads them again gets the
/// same from the file.
void letGo(std::span<const std::byte> bytes);

}  // namespace easel::diffusion
