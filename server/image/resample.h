// SPDX-License-Identifier: Apache-2.0
#pragma once

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

}  // namespace easel::image
