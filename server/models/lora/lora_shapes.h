// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "server/models/lora/lora_file.h"

namespace easel::models {

/// Whether what `module` says is a change of a weight of `shape` ([out, in] or [out, in, height, width]):
/// every tensor of it has the shape that the formula takes.
bool fits(const LoraModule& module, std::span<const std::int64_t> shape);

/// How many numbers a layer takes beside a weight of `shape` for a change by two factors, in memory and, for
/// each place of its input, in products.
std::int64_t numbersBeside(const LoraModule& module);

}  // namespace easel::models
