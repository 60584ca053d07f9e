// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "server/image/image.h"

namespace easel::image {

/// Softened by a Gaussian with the deviation `deviation`, in pixels, along the rows and then along the
/// columns, with 8 bits in between; the kernel reaches 2.5 deviations to either side and the edges are
/// mirrored. That is AUTOMATIC1111's blur of masks, up to the rounding of its kernel. 0 leaves it as it is.
Plane blurred(const Plane& plane, double deviation);

}  // namespace easel::image
