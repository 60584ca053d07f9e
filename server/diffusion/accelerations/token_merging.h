// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace easel::diffusion {

/// What is asked of it, and for maps of which shape.
struct TokensMerged {
    double share = 0;        ///< of all places, that join others; 0: none
    std::int64_t width = 0;  ///< of a map, in places
};

/// Which places of B maps are taken as one with others like them. One of each cell of two by two stays
/// itself, that at its upper left; of the others, the share that is most like one of those joins it. Each map
/// by itself, and always in the same way. https://arxiv.org/abs/2303.17604
class TokenMerging {
public:
    /// x [B, HW, C] is what is compared. Of the places no more join others than may.
    TokenMerging(const at::Tensor& x, const TokensMerged& asked);

    /// x [B, HW, C] → [B, N, C]: what joined is the mean of all that did.
    at::Tensor merge(const at::Tensor& x) const;
    /// y [B, N, C] → [B, HW, C]: what joined another comes to what that one does.
    at::Tensor unmerge(const at::Tensor& y) const;

private:
    at::Tensor m_rows;    // [B, HW]: of those that are merged, the one of each place
    at::Tensor m_order;   // [B, HW]: the places in the order of those
    at::Tensor m_counts;  // [B, N]: how many places each is
};

}  // namespace easel::diffusion
