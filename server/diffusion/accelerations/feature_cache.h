// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>

namespace easel::diffusion {

/// The deep features that one picture keeps from a step to the next, of each branch of its guidance: in
/// neighbouring steps they differ little. https://arxiv.org/abs/2312.00858
class FeatureCache {
public:
    /// Whether there are some of each of `branches`.
    bool has(std::span<const std::size_t> branches) const;
    /// Those of `branches`, which it has: [branches, C, H, W].
    at::Tensor of(std::span<const std::size_t> branches) const;
    /// Instead of what it had: `features` [branches, C, H, W], which may be a part of others' as well.
    void keep(std::span<const std::size_t> branches, const at::Tensor& features);
    void clear() { m_features.clear(); }
    /// That it takes.
    std::int64_t bytes() const;

private:
    std::map<std::size_t, at::Tensor> m_features;  // by the branch, [1, C, H, W]
};

}  // namespace easel::diffusion
