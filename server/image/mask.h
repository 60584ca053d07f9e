// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "server/image/image.h"

namespace easel::image {

/// How light each pixel is, as Pillow's mode L: (19595 R + 38470 G + 7471 B) / 65536, rounded.
Plane luma(const Image& image);

/// What a picture means that is given as a mask: where it is opaque if any of it is transparent, for a
/// painted mask is strokes on nothing; else where it is light.
Plane maskOf(const Picture& picture);

/// 255 becomes 0. Of a picture's alpha: where it is transparent, and a start picture has nothing to keep.
Plane inverted(Plane mask);

}  // namespace easel::image
