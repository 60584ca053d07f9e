// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "server/diffusion/weights/adapter.h"
#include "server/models/files/tensor_source.h"

namespace easel::diffusion {

/// What a layer multiplies its input with.
struct LayerWeight {
    at::Tensor weight;
    LowRank beside;
};

/// A component's tensors as its layers take them: one place in the tree of names, from which `/` leads on.
/// Every tensor is checked for shape and finite values as it is taken. For the one thread that loads a
/// model; what goes wrong is thrown as a Failure that names file, tensor and shapes.
class Weights {
public:
    Weights(models::TensorSource source, Placement placement);
    /// The tensors that a network in memory took, as `adapter` changes them. What it leaves alone is shared.
    Weights(std::shared_ptr<const Tensors> base, std::shared_ptr<const Adapter> adapter);

    Weights operator/(std::string_view name) const;
    Weights operator/(std::integral auto index) const { return *this / std::to_string(index); }

    bool has(std::string_view name) const;
    /// On the placement's device, in its dtype, C order. Shares the file's memory where nothing has to
    /// change, and keeps the file mapped as long as it lives.
    at::Tensor tensor(std::string_view name, at::IntArrayRef shape) const;
    /// "weight", of a layer that can add a product of two factors to its own, and takes steps of `stride`;
    /// packed where that is worth it.
    LayerWeight layerWeight(at::IntArrayRef shape, std::int64_t stride = 1) const;
    /// What `make` makes of the tensor `name`, taken as `from`, to be called `as`: once for all that share
    /// it.
    at::Tensor derived(std::string_view name, std::string_view as, const at::Tensor& from,
                       const std::function<at::Tensor(const at::Tensor&)>& make) const;
    /// Accepts a tensor that is not needed.
    void ignore(std::string_view name) const;
    /// Accepts what is known to be left in such files and plays no part in a picture; with a dot at its end,
    /// `name` stands for all below it.
    void passOver(std::string_view name) const;
    /// Throws unless every tensor of the component was taken, ignored or passed over; a sentence for each
    /// file in which something was passed over.
    std::vector<std::string> finish() const;
    /// All that tensor(), layerWeight() and derived() gave.
    std::shared_ptr<const Tensors> taken() const;

private:
    struct Component {
        std::shared_ptr<const models::TensorSource> source = nullptr;
        Placement placement = {c10::kCPU, c10::kFloat};
        std::set<std::string, std::less<>> seen = {};
        std::vector<std::string> idle = {};
        Tensors taken = {};
        std::shared_ptr<const Tensors> base = nullptr;  // instead of all that
        std::shared_ptr<const Adapter> adapter = nullptr;
    };

    std::string path(std::string_view name) const;
    const at::Tensor& unchanged(const std::string& full) const;
    at::Tensor read(const std::string& full, at::IntArrayRef shape) const;

    std::shared_ptr<Component> m_component;
    std::string m_prefix;  // empty, or ends with a dot
};

}  // namespace easel::diffusion
