// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace easel::image {

/// 8-bit RGB pixels, rows from the top, no padding.
struct Image {
    int width = 0;
    int height = 0;
    std::vector<std::uint8_t> rgb;  ///< height x width x 3

    bool operator==(const Image&) const = default;
};

}  // namespace easel::image
