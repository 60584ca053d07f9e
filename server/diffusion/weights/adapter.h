// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "server/models/lora/lora_match.h"

namespace easel::diffusion {

/// Where a component's tensors go.
struct Placement {
    c10::Device device;
    c10::ScalarType dtype;
};

/// The tensors of a network by their names.
using Tensors = std::unordered_map<std::string, at::Tensor>;

/// Two factors whose product changes a weight: down [rank, in, ...], up [out, rank, ...].
struct LowRank {
    at::Tensor down;
    at::Tensor up;

    explicit operator bool() const { return down.defined(); }
};

/// What LoRAs change in one network.
///
/// A change is computed beside its layer, as two thin products, when they take a quarter of the weight's own
/// numbers or less: that is what they cost in memory and, for each step, in time, and a copy of the weight
/// with the change in it would cost all of its numbers in memory, and the time to make it. Thicker ones, and
/// those that are no product of two factors, become such a copy, which costs no step anything.
class Adapter {
public:
    /// `changes` are of the LoRAs in `files`.
    Adapter(models::LoraChanges changes, std::vector<std::shared_ptr<const models::LoraFile>> files,
            Placement placement);

    /// What the changes take in memory, in bytes.
    std::int64_t bytes() const;

    /// Whether the weight `name` stays as it is, since the change is computed beside it.
    bool isBeside(const std::string& name) const;
    /// The factors of that. Throws Failure when a LoRA's numbers are not finite.
    LowRank beside(const std::string& name) const;
    /// A copy of `base`, the tensor `name`, with the changes in it, in C order; `base` itself, packed or not,
    /// when there are none.
    at::Tensor changed(const std::string& name, const at::Tensor& base) const;

private:
    using Layer = models::LoraChanges::Layer;

    const Layer* layerOf(const std::string& name, std::string_view ending) const;
    at::Tensor numbers(const models::LoraModule& module, models::LoraRole role) const;

    models::LoraChanges m_changes;
    std::vector<std::shared_ptr<const models::LoraFile>> m_files;
    Placement m_placement;
};

}  // namespace easel::diffusion
