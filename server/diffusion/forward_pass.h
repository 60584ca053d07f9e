// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "server/diffusion/conditioning/control.h"
#include "server/diffusion/drawing.h"

namespace easel::diffusion {

/// What a denoiser is asked by the next steps of some drawings, as one batch of rows. Shortcuts are those of
/// a batch, so drawings that take others come into one of their own.
class ForwardPass {
public:
    /// In the order of `drawings`, which have one shape and are not done.
    static std::vector<Outcome> over(std::span<const Drawing* const> drawings, const Denoiser& denoiser,
                                     c10::ScalarType dtype, Rows rows);

private:
    static bool sharesBatch(const Drawing& one, const Drawing& other);
    static std::vector<ControlRows> controlsOf(std::span<const Drawing* const> drawings);
    /// Of all of them: drawings that share a batch.
    static Outcome together(std::span<const Drawing* const> drawings, const Denoiser& denoiser,
                            c10::ScalarType dtype, Rows rows);
};

}  // namespace easel::diffusion
