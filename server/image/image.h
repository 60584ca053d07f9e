// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace easel::image {

/// 8-bit RGB pixels, rows from the top, no padding.
struct Image {
    int width = 0;
    int height = 0;
    std::vector<std::uint8_t> rgb;  ///< height x width x 3
    std::string note = {};          ///< what is to be told of how it was made; mostly nothing

    bool operator==(const Image&) const = default;
};

/// One 8-bit channel, as Image: a mask, or how opaque a picture is.
struct Plane {
    int width = 0;
    int height = 0;
    std::vector<std::uint8_t> values;  ///< height x width

    bool operator==(const Plane&) const = default;
};

/// A picture from outside. The colours of transparent pixels are what its file says, not mixed with anything.
struct Picture {
    Image image;
    std::optional<Plane> alpha;  ///< 255 is opaque; none: all of it is

    bool operator==(const Picture&) const = default;
};

struct Size {
    int width = 0;
    int height = 0;

    bool operator==(const Size&) const = default;
};

/// A part of a picture, in pixels.
struct Window {
    int left = 0;
    int top = 0;
    int width = 0;
    int height = 0;

    bool operator==(const Window&) const = default;
};

}  // namespace easel::image
