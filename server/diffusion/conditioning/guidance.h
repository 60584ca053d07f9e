// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "server/diffusion/conditioning/conditioning.h"

namespace easel::diffusion {

/// What a prompt says while a picture is drawn: one condition after another, each of one picture and all of
/// one shape.
struct Speech {
    struct Stretch {
        int until = 0;              ///< the first step, from 0, that is no longer its
        std::size_t condition = 0;  ///< which of them
    };

    Speech() = default;
    /// The same all the time.
    Speech(Conditioning always);  // NOLINT(google-explicit-constructor)

    const Conditioning& at(int step) const;

    double weight = 1;  ///< among those that are joined
    std::vector<Conditioning> conditions;
    std::vector<Stretch> stretches;  ///< the last is until the end
};

/// How far a picture is.
struct Moment {
    std::size_t done;         ///< evaluations that are made
    std::size_t all;          ///< that there are
    std::size_t skipped = 0;  ///< of those made, how many were none, for it began with a picture

    /// Of `steps`, the one that is next, and how many come before the first that is taken, from 0. Samplers
    /// that ask twice in a step, or once more at the beginning, are at the same step as others.
    int step(int steps) const { return static_cast<int>(done * static_cast<std::size_t>(steps) / all); }
    int firstStep(int steps) const { return Moment{skipped, all}.step(steps); }
};

/// What one picture asks a denoiser for at each step, and what it makes of the answers: classifier-free
/// guidance, or the prompt alone. https://arxiv.org/abs/2207.12598, https://arxiv.org/abs/2206.01714
class Guidance {
public:
    /// From the answer of one branch past that of another.
    struct Direction {
        std::size_t from;
        std::size_t to;
        double scale;
    };

    /// The prompt alone, in a picture of `steps` steps.
    Guidance(Speech positive, int steps);
    /// Away from `negative`, past each of `positive`. `rescale`: 0 to 1, how far the answer's deviation is
    /// taken back to that of the first prompt's own. https://arxiv.org/abs/2305.08891, formulas 15 and 16
    Guidance(Speech negative, std::vector<Speech> positive, double scale, int steps, double rescale = 0);
    /// The first of `branches`, and from there in each of `directions`.
    Guidance(std::vector<Speech> branches, std::vector<Direction> directions, int steps);

    /// The same with other `channels` [1, C', H, W] beside the latents.
    Guidance withChannels(const at::Tensor& channels) const;

    /// The same between two shares of the steps that are taken, 0 to 1; before and after them there is the
    /// prompt alone. https://arxiv.org/abs/2404.07724
    Guidance within(double from, double to) const;

    /// Rows that it takes of a forward pass: 1, or more with guidance.
    std::int64_t branches() const { return static_cast<std::int64_t>(m_branches.size()); }
    /// Of the picture.
    int steps() const { return m_steps; }
    /// Those that are asked now, in order: all, or the prompt's alone.
    std::vector<std::size_t> asked(const Moment& now) const;
    /// Of each branch that is asked now.
    std::vector<Conditioning> conditions(const Moment& now) const;
    /// The denoiser's answers to one input, of the branches that are asked now [B, C, H, W] → [1, C, H, W].
    at::Tensor combined(const at::Tensor& answers, const Moment& now) const;

private:
    bool isGuided(const Moment& now) const;
    at::Tensor unguided(const at::Tensor& answers) const;

    std::vector<Speech> m_branches;  // negative first
    std::vector<Direction> m_directions;
    int m_steps;
    double m_rescale = 0;
    double m_from = 0;
    double m_to = 1;
};

}  // namespace easel::diffusion
