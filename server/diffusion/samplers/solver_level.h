// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

#include "server/diffusion/samplers/prediction.h"

namespace easel::diffusion {

/// A level of noise as the solvers of the diffusion equation see it: how much picture, how much noise, and
/// half the logarithm of the ratio of their squares, which is infinite at no noise.
struct SolverLevel {
    explicit SolverLevel(float sigma)
        : alpha(1 / std::sqrt(sigma * sigma + 1)),
          noise(sigma * alpha),
          lambda(std::log(alpha) - std::log(noise)) {}

    Mixture mixture() const { return {alpha, noise}; }

    float alpha;
    float noise;
    float lambda;
};

}  // namespace easel::diffusion
