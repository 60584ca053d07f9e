// SPDX-License-Identifier: Apache-2.0
#include "server/image/mask.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace easel::image {

Plane luma(const Image& image) {
    Plane plane{image.width, image.height, {}};
    plane.values.reserve(image.rgb.size() / 3);
    for (std::size_t i = 0; i < image.rgb.size(); i += 3) {
        const std::uint32_t sum =
            19595U * image.rgb[i] + 38470U * image.rgb[i + 1] + 7471U * image.rgb[i + 2] + 32768U;
        plane.values.push_back(static_cast<std::uint8_t>(sum >> 16));
    }
    return plane;
}

Plane maskOf(const Picture& picture) {
    const bool isPainted =
        picture.alpha && std::ranges::any_of(picture.alpha->values, [](int value) { return value != 255; });
    return isPainted ? *picture.alpha : luma(picture.image);
}

Plane inverted(Plane mask) {
    for (std::uint8_t& value : mask.values) {
        value = static_cast<std::uint8_t>(255 - value);
    }
    return mask;
}

}  // namespace easel::image
