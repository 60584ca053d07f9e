// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "server/image/image.h"

namespace easel::image {

/// A picture as its file has it, and the EXIF data beside it.
struct Stored {
    Picture picture;
    std::vector<std::uint8_t> exif = {};  ///< from the TIFF header on; empty: there is none
};

/// How a picture lies, 1 to 8 as EXIF counts; 1, upright, where the data says nothing or nonsense.
int orientationIn(std::span<const std::uint8_t> exif);

/// `picture`, which lies as `orientation` says, turned and mirrored upright.
Picture upright(Picture picture, int orientation);

}  // namespace easel::image
