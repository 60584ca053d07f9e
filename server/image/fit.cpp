// SPDX-License-Identifier: Apache-2.0
#include "server/image/fit.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "server/image/resample.h"

namespace easel::image {

namespace {

/// `from` as large as covers `to`, or as fits into it, with a side of each in common.
Size scaled(Size from, Size to, bool covers) {
    const auto a = std::int64_t{to.width} * from.height;
    const auto b = std::int64_t{from.width} * to.height;
    if (covers ? a > b : a < b) {
        return {to.width, std::max(1, static_cast<int>(std::int64_t{from.height} * to.width / from.width))};
    }
    return {std::max(1, static_cast<int>(std::int64_t{from.width} * to.height / from.height)), to.height};
}

/// `values` in the middle of `to`, with its edges repeated around it.
template <std::size_t Channels>
std::vector<std::uint8_t> framed(const std::vector<std::uint8_t>& values, Size from, Size to) {
    const int left = to.width / 2 - from.width / 2;
    const int top = to.height / 2 - from.height / 2;
    std::vector<std::uint8_t> result(Channels * static_cast<std::size_t>(to.width) * to.height);
    std::uint8_t* out = result.data();
    for (int y = 0; y < to.height; ++y) {
        const auto row = static_cast<std::size_t>(std::clamp(y - top, 0, from.height - 1)) * from.width;
        for (int x = 0; x < to.width; ++x) {
            const std::size_t at = row + static_cast<std::size_t>(std::clamp(x - left, 0, from.width - 1));
            out = std::copy_n(&values[Channels * at], Channels, out);
        }
    }
    return result;
}

template <typename Pixels, typename Frame>
Pixels fit(const Pixels& picture, Size size, Fit how, Frame frame) {
    if (how == Fit::Stretch) {
        return resized(picture, size);
    }
    const Size whole = scaled({picture.width, picture.height}, size, how == Fit::Crop);
    if (how == Fit::Crop) {
        return resizedPart(
            picture, whole,
            {whole.width / 2 - size.width / 2, whole.height / 2 - size.height / 2, size.width, size.height});
    }
    return frame(resized(picture, whole), whole);
}

}  // namespace

Image fitted(const Image& image, Size size, Fit fit) {
    return image::fit(image, size, fit, [size](const Image& inner, Size from) {
        return Image{size.width, size.height, framed<3>(inner.rgb, from, size)};
    });
}

Plane fitted(const Plane& plane, Size size, Fit fit) {
    return image::fit(plane, size, fit, [size](const Plane& inner, Size from) {
        return Plane{size.width, size.height, framed<1>(inner.values, from, size)};
    });
}

}  // namespace easel::image
