// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/networks/vae/tiling.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace easel::diffusion {
namespace {

constexpr std::int64_t kOverlaps = 4;  // one in so many

/// Lets the beginning of `tile` along `side` come out of the end of `before`, over `extent` places at most.
void blend(const at::Tensor& before, const at::Tensor& tile, std::int64_t side, std::int64_t extent) {
    extent = std::min({extent, before.size(side), tile.size(side)});
    std::vector<std::int64_t> shape{1, 1, 1, 1};
    shape[static_cast<std::size_t>(side)] = extent;
    const at::Tensor share = at::arange(extent, tile.options().dtype(at::kFloat))
                                 .div(static_cast<double>(extent))
                                 .to(tile.scalar_type())
                                 .view(shape);
    const at::Tensor from = before.narrow(side, before.size(side) - extent, extent);
    const at::Tensor to = tile.narrow(side, 0, extent);
    to.copy_(from * (1 - share) + to * share);
}

}  // namespace

at::Tensor inTiles(const at::Tensor& x, Tile tile,
                   const std::function<at::Tensor(const at::Tensor&)>& network) {
    const std::int64_t step = tile.input - tile.input / kOverlaps;
    const std::int64_t overlap = tile.output / kOverlaps;
    const std::int64_t kept = tile.output - overlap;
    at::Tensor whole;
    // The tiles above are needed as they are when they are blended themselves: what is left of a seam depends
    // on it where four of them meet.
    std::vector<at::Tensor> above;
    for (std::int64_t top = 0; top < x.size(2); top += step) {
        std::vector<at::Tensor> row;
        for (std::int64_t left = 0; left < x.size(3); left += step) {
            const at::Tensor part = x.slice(2, top, top + tile.input).slice(3, left, left + tile.input);
            const at::Tensor made = network(part.contiguous());
            if (!whole.defined()) {
                whole = at::empty({made.size(0), made.size(1), x.size(2) * tile.output / tile.input,
                                   x.size(3) * tile.output / tile.input},
                                  made.options());
            }
            if (!above.empty()) {
                blend(above[row.size()], made, 2, overlap);
            }
            if (!row.empty()) {
                blend(row.back(), made, 3, overlap);
            }
            const at::Tensor own = made.slice(2, 0, kept).slice(3, 0, kept);
            whole.narrow(2, top / step * kept, own.size(2))
                .narrow(3, left / step * kept, own.size(3))
                .copy_(own);
            row.push_back(made);
        }
        above = std::move(row);
    }
    return whole;
}

}  // namespace easel::diffusion
