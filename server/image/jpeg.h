// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "server/image/image.h"
#include "server/image/orientation.h"
#include "shared/protocol/problem.h"

namespace easel::image {

/// What a JPEG file's head says. Errors: 400.
protocol::Expected<Size> jpegSize(std::span<const std::uint8_t> file);

/// Grey, YCbCr, RGB, CMYK and YCCK, baseline or progressive, 8 bits. Four inks are taken to be stored
/// inverted, as Adobe's programs do, and become colours without a profile, as in Pillow. Errors: 400;
/// whatever is missing or damaged, where other programs would show grey.
protocol::Expected<Stored> decodeJpeg(std::span<const std::uint8_t> file);

/// A baseline JPEG file with a colour for each pixel; `quality` 1 to 100.
/// Errors: 500; there is no memory for it.
protocol::Expected<std::vector<std::uint8_t>> encodeJpeg(const Image& image, int quality);

}  // namespace easel::image
