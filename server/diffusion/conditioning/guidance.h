// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "server/diffusion/conditioning/conditioning.h"

namespace easel::diffusion {

/// What one picture asks a denoiser for at each step, and what it makes of the answers: classifier-free
/// guidance, or the prompt alone. https://arxiv.org/abs/2207.12598
class Guidance {
public:
    /// The prompt alone.
    explicit Guidance(Conditioning positive);
    /// Away from `negative`, past `positive`; each of one picture.
    Guidance(const Conditioning& positive, const Conditioning& negative, double scale);

    /// Rows that it takes of a forward pass: 1, or 2 with guidance.
    std::int64_t branches() const { return m_branches; }
    /// Of all branches, [branches, ...].
    const Conditioning& conditioning() const { return m_conditioning; }
    /// The denoiser's answers to one input [branches, C, H, W] → [1, C, H, W].
    at::Tensor combined(const at::Tensor& answers) const;

private:
    Conditioning m_conditioning;  // negative first
    std::int64_t m_branches;
    double m_scale;
};

}  // namespace easel::diffusion
