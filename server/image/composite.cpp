// SPDX-License-Identifier: Apache-2.0
#include "server/image/composite.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "server/image/fit.h"
#include "server/image/pixels.h"

namespace easel::image {

namespace {

template <std::size_t Channels>
std::vector<std::uint8_t> cut(const std::vector<std::uint8_t>& values, int width, const Window& window) {
    std::vector<std::uint8_t> result(Channels * static_cast<std::size_t>(window.width) * window.height);
    std::uint8_t* out = result.data();
    for (int y = window.top; y < window.top + window.height; ++y) {
        const auto first = static_cast<std::size_t>(y) * width + static_cast<std::size_t>(window.left);
        out = std::copy_n(&values[Channels * first], Channels * static_cast<std::size_t>(window.width), out);
    }
    return result;
}

}  // namespace

Image composite(const Image& under, const Image& over, const Plane& mask) {
    Image result = under;
    for (std::size_t i = 0; i < result.rgb.size(); ++i) {
        const int share = mask.values[i / 3];
        result.rgb[i] =
            static_cast<std::uint8_t>(dividedBy255(under.rgb[i] * (255 - share) + over.rgb[i] * share));
    }
    return result;
}

Image cropped(const Image& image, const Window& window) {
    return {window.width, window.height, cut<3>(image.rgb, image.width, window)};
}

Plane cropped(const Plane& plane, const Window& window) {
    return {window.width, window.height, cut<1>(plane.values, plane.width, window)};
}

Image pastedBack(const Image& picture, const Image& drawn, const Window& window, const Plane& mask) {
    const Image patch =
        composite(cropped(picture, window), fitted(drawn, {window.width, window.height}, Fit::Crop),
                  cropped(mask, window));
    Image result = picture;
    const auto row = 3 * static_cast<std::size_t>(window.width);
    for (int y = 0; y < window.height; ++y) {
        const auto at =
            static_cast<std::size_t>(window.top + y) * picture.width + static_cast<std::size_t>(window.left);
        std::copy_n(&patch.rgb[row * static_cast<std::size_t>(y)], row, &result.rgb[3 * at]);
    }
    return result;
}

}  // namespace easel::image
