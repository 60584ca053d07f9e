// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "server/image/image.h"

namespace easel::image {

/// How a picture of another shape comes to a size.
enum class Fit {
    Stretch,  ///< out of shape
    Crop,     ///< as large as covers the size; what is too much goes, on both sides alike
    Fill,     ///< as large as the size holds; the rest repeats the edge
};

/// With Lanczos' filter.
Image fitted(const Image& image, Size size, Fit fit);
Plane fitted(const Plane& plane, Size size, Fit fit);

}  // namespace easel::image
