// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/conditioning/guidance.h"

#include <ATen/ATen.h>

#include <array>
#include <utility>

#include "server/diffusion/networks/ops.h"

namespace easel::diffusion {

Guidance::Guidance(Conditioning positive) : m_conditioning(std::move(positive)), m_branches(1) {}

Guidance::Guidance(const Conditioning& positive, const Conditioning& negative, double scale)
    : Guidance(std::array{negative, positive}, {{0, 1, scale}}) {}

Guidance::Guidance(std::span<const Conditioning> branches, std::vector<Direction> directions)
    : m_conditioning(stacked(branches)),
      m_branches(static_cast<std::int64_t>(branches.size())),
      m_directions(std::move(directions)) {}

at::Tensor Guidance::combined(const at::Tensor& answers) const {
    const auto answer = [&answers](std::size_t branch) {
        const auto row = static_cast<std::int64_t>(branch);
        return answers.slice(0, row, row + 1);
    };
    at::Tensor all = answer(0);
    for (const Direction& direction : m_directions) {
        all = ops::guide(all, answer(direction.from), answer(direction.to), direction.scale);
    }
    return all;
}

}  // namespace easel::diffusion
