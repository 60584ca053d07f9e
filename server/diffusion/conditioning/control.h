// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "server/diffusion/networks/controlnet/controlnet.h"

namespace easel::diffusion {

/// A ControlNet that one picture holds to.
struct Control {
    /// How strong it is when `done` of `all` evaluations are made, those aside that a picture to begin with
    /// saves; 0: it is not heard.
    double strengthAt(std::size_t done, std::size_t all) const;

    std::shared_ptr<const ControlNet> network;
    at::Tensor hint;  ///< [1, C, H, W]: what the network's encode() made of its picture
    double scale = 1;
    double start = 0;  ///< 0 to 1 of the evaluations: from here
    double end = 1;    ///< to here
};

/// One network's part in a pass of B rows.
struct ControlRows {
    ControlRows slice(std::int64_t begin, std::int64_t end) const;

    const ControlNet* network;
    at::Tensor hints;      ///< [B, C, H, W]
    at::Tensor strengths;  ///< [B, 1, 1, 1] float32
};

/// What `rows` add to a UNet's maps in a pass over x [B, C, H, W], t [B], `conditioning`; `isShort`: one that
/// uses features of an earlier pass.
Residuals residualsOf(const ControlRows& rows, const at::Tensor& x, const at::Tensor& t,
                      const Conditioning& conditioning, bool isShort = false);

}  // namespace easel::diffusion
