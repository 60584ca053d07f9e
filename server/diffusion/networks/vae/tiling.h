// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

namespace easel::diffusion {

/// How long a tile's sides are before and after a network; both multiples of four.
struct Tile {
    std::int64_t input = 0;
    std::int64_t output = 0;
};

/// What `network` makes of x [B, C, H, W], a tile at a time → [B, C', H · output / input, W · output /
/// input]. Tiles overlap by a quarter, across which one goes over into the next. A tile does not see what is
/// beyond it, so the result differs from what the network makes of the whole.
at::Tensor inTiles(const at::Tensor& x, Tile tile,
                   const std::function<at::Tensor(const at::Tensor&)>& network);

}  // namespace easel::diffusion
