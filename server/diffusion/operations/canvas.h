// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "server/generator/materials.h"
#include "server/image/image.h"
#include "shared/protocol/generation.h"

namespace easel::diffusion {

/// A picture that a request begins with, brought to the size that is drawn, and how what is drawn comes back
/// into it.
struct Canvas {
    image::Image start;
    /// As large as `start`: from 128 on it is drawn anew; none: all of it is, and the next three are empty.
    std::optional<image::Plane> mask = {};
    image::Image whole = {};    ///< what keeps its pixels where nothing is drawn
    image::Plane through = {};  ///< as large as `whole`: how much of what is drawn is seen
    image::Window window = {};  ///< of `whole`: the part that is drawn
};

/// The pictures that `settings` name, read and prepared. Nothing: they name none. Throws Failure.
std::optional<Canvas> canvasFor(const protocol::GenerationSettings& settings,
                                const generator::Materials& materials);
/// Of a picture, and where `mask` has something, what of it is drawn anew. Throws Failure.
Canvas canvasOf(const protocol::GenerationSettings& settings, const image::Picture& picture,
                const std::optional<image::Picture>& mask);

/// `drawn` in its place; what lies outside of the mask is the picture's own, to the bit.
image::Image putBack(const Canvas& canvas, image::Image drawn);

}  // namespace easel::diffusion
