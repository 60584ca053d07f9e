// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "server/image/image.h"

namespace easel::image {

/// `over` where `mask` is 255 and `under` where it is 0, mixed in between; all three are of one size.
Image composite(const Image& under, const Image& over, const Plane& mask);

/// The part of a picture that lies in `window`, which lies in it.
Image cropped(const Image& image, const Window& window);
Plane cropped(const Plane& plane, const Window& window);

/// `picture` with `drawn` at `window`'s place, resized to it, as far as `mask`, which is as large as
/// `picture`, lets it through.
Image pastedBack(const Image& picture, const Image& drawn, const Window& window, const Plane& mask);

}  // namespace easel::image
