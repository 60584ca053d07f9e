// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "server/image/image.h"

namespace easel::image {

/// What is drawn where the masked part alone is: all of `mask` that is not 0, with `padding` pixels around it
/// as far as the picture goes, made wider or higher to the shape of `drawn` and moved into the picture. Where
/// that has not the room, it stays as far from the shape as it must. Nothing: the mask is empty.
std::optional<Window> cropRegion(const Plane& mask, int padding, Size drawn);

}  // namespace easel::image
