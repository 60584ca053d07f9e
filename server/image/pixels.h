// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "server/image/image.h"

/// Arithmetic on 8-bit values, rounded as Pillow rounds it.
namespace easel::image {

/// `value` / 255, rounded, for 0 to 255 x 255.
constexpr int dividedBy255(int value) {
    const int rounded = value + 128;
    return ((rounded >> 8) + rounded) >> 8;
}

constexpr std::uint8_t clamped(int value) {
    return static_cast<std::uint8_t>(value < 0 ? 0 : value > 255 ? 255 : value);
}

/// RGBA pixels, which are used up, as a picture with alpha.
inline Picture withAlpha(Size size, std::vector<std::uint8_t> rgba) {
    const std::size_t count = static_cast<std::size_t>(size.width) * size.height;
    Plane alpha{size.width, size.height, std::vector<std::uint8_t>(count)};
    for (std::size_t i = 0; i < count; ++i) {
        alpha.values[i] = rgba[4 * i + 3];
        for (std::size_t c = 0; c < 3; ++c) {
            rgba[3 * i + c] = rgba[4 * i + c];  // in place: what is overwritten was read before
        }
    }
    rgba.resize(3 * count);
    return {{size.width, size.height, std::move(rgba)}, std::move(alpha)};
}

}  // namespace easel::image
