// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/conditioning/guidance.h"

#include <ATen/ATen.h>

#include <array>
#include <utility>

#include "server/diffusion/networks/ops.h"

namespace easel::diffusion {

Guidance::Guidance(Conditioning positive) : m_conditioning(std::move(positive)), m_branches(1), m_scale(1) {}

Guidance::Guidance(const Conditioning& positive, const Conditioning& negative, double scale)
    : m_conditioning(stacked(std::array{negative, positive})), m_branches(2), m_scale(scale) {}

at::Tensor Guidance::combined(const at::Tensor& answers) const {
    return m_branches == 1 ? answers : ops::guide(answers.slice(0, 0, 1), answers.slice(0, 1, 2), m_scale);
}

}  // namespace easel::diffusion
