// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "server/image/image.h"

namespace easel::image {

/// `image` with the colours around it where `mask`, of the same size, is 255: what is kept is blurred, from
/// far to near, and laid over itself. AUTOMATIC1111's "fill", but in single precision. Where nothing is kept
/// all is grey.
Image maskedFill(const Image& image, const Plane& mask);

}  // namespace easel::image
