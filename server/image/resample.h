// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "server/image/image.h"

namespace easel::image {

enum class Filter { Lanczos, Bicubic };

/// Resized as Pillow does it, to the bit: along the rows and then along the columns, with 8 bits in between,
/// and averaging where it becomes smaller. No side is 0.
Image resized(const Image& image, Size size, Filter filter = Filter::Lanczos);
Plane resized(const Plane& plane, Size size, Filter filter = Filter::Lanczos);

/// The `part` that lies within what `resized` would make of it; nothing else of that is computed.
Image resizedPart(const Image& image, Size size, const Window& part, Filter filter = Filter::Lanczos);
Plane resizedPart(const Plane& plane, Size size, const Window& part, Filter filter = Filter::Lanczos);

/// What the values of a resized side are made of, for who computes them elsewhere: value i takes counts[i] of
/// the side's, from firsts[i] on, times `weights`, of which 2^22 are one; half of that added and then what
/// lies behind the point cut off, and kept within 0 and 255.
struct TapTable {
    std::vector<std::int32_t> firsts;
    std::vector<std::int32_t> counts;
    std::vector<std::int32_t> weights;  ///< [values, most]
    std::int32_t most = 0;              ///< the highest count
};
TapTable tapTable(int from, int to, Filter filter = Filter::Lanczos);

}  // namespace easel::image
