// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "server/diffusion/conditioning/conditioning.h"

namespace easel::diffusion {

/// What one picture asks a denoiser for at each step, and what it makes of the answers: classifier-free
/// guidance, or the prompt alone. https://arxiv.org/abs/2207.12598
class Guidance {
public:
    /// From the answer of one branch past that of another.
    struct Direction {
        std::size_t from;
        std::size_t to;
        double scale;
    };

    /// The prompt alone.
    explicit Guidance(Conditioning positive);
    /// Away from `negative`, past `positive`; each of one picture.
    Guidance(const Conditioning& positive, const Conditioning& negative, double scale);
    /// The first of `branches`, each of one picture, and from there in each of `directions`.
    Guidance(std::span<const Conditioning> branches, std::vector<Direction> directions);

    /// Rows that it takes of a forward pass: 1, or more with guidance.
    std::int64_t branches() const { return m_branches; }
    /// Of all branches, [branches, ...].
    const Conditioning& conditioning() const { return m_conditioning; }
    /// The denoiser's answers to one input [branches, C, H, W] → [1, C, H, W].
    at::Tensor combined(const at::Tensor& answers) const;

private:
    Conditioning m_conditioning;  // negative first
    std::int64_t m_branches;
    std::vector<Direction> m_directions;
};

}  // namespace easel::diffusion
