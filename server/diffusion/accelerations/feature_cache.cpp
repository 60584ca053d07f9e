// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/accelerations/feature_cache.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <vector>

namespace easel::diffusion {

bool FeatureCache::has(std::span<const std::size_t> branches) const {
    return std::ranges::all_of(branches, [this](std::size_t branch) { return m_features.contains(branch); });
}

at::Tensor FeatureCache::of(std::span<const std::size_t> branches) const {
    std::vector<at::Tensor> rows;
    for (const std::size_t branch : branches) {
        rows.push_back(m_features.at(branch));
    }
    return rows.size() == 1 ? rows.front() : at::cat(rows);
}

void FeatureCache::keep(std::span<const std::size_t> branches, const at::Tensor& features) {
    for (std::size_t row = 0; row < branches.size(); ++row) {
        const auto first = static_cast<std::int64_t>(row);
        // A copy: a slice would hold the whole pass in memory, other pictures' rows with it.
        m_features.insert_or_assign(branches[row], features.slice(0, first, first + 1).clone());
    }
}

std::int64_t FeatureCache::bytes() const {
    std::int64_t bytes = 0;
    for (const auto& [branch, features] : m_features) {
        bytes += static_cast<std::int64_t>(features.nbytes());
    }
    return bytes;
}

}  // namespace easel::diffusion
