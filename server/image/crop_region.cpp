// SPDX-License-Identifier: Apache-2.0
#include "server/image/crop_region.h"

#include <algorithm>
#include <cstddef>
#include <iterator>

namespace easel::image {

namespace {

/// From `begin` to before `end`.
struct Stretch {
    int begin = 0;
    int end = 0;

    int length() const { return end - begin; }
};

Stretch padded(Stretch stretch, int padding, int room) {
    return {std::max(0, stretch.begin - padding), std::min(room, stretch.end + padding)};
}

/// `stretch` made `length` long about its middle, within `room`.
Stretch lengthened(Stretch stretch, double length, int room) {
    const int more = static_cast<int>(length - stretch.length());
    stretch.begin -= more / 2;
    stretch.end += more - more / 2;
    const int beyond = std::max(0, stretch.end - room);
    stretch.begin -= beyond;
    stretch.end -= beyond;
    const int before = std::max(0, -stretch.begin);
    stretch.begin += before;
    stretch.end = std::min(room, stretch.end + before);
    return stretch;
}

}  // namespace

std::optional<Window> cropRegion(const Plane& mask, int padding, Size drawn) {
    Stretch across{mask.width, 0};
    Stretch down{mask.height, 0};
    for (int y = 0; y < mask.height; ++y) {
        const auto row = mask.values.begin() + static_cast<std::ptrdiff_t>(y) * mask.width;
        const auto isSet = [](int value) { return value != 0; };
        const auto first = std::find_if(row, row + mask.width, isSet);
        if (first == row + mask.width) {
            continue;
        }
        const auto last = std::find_if(std::make_reverse_iterator(row + mask.width),
                                       std::make_reverse_iterator(row), isSet);
        across = {std::min(across.begin, static_cast<int>(first - row)),
                  std::max(across.end, static_cast<int>(last.base() - row))};
        down = {std::min(down.begin, y), y + 1};
    }
    if (down.length() < 1) {
        return {};
    }
    across = padded(across, padding, mask.width);
    down = padded(down, padding, mask.height);
    const double shape = static_cast<double>(drawn.width) / drawn.height;
    if (static_cast<double>(across.length()) / down.length() > shape) {
        down = lengthened(down, across.length() / shape, mask.height);
    } else {
        across = lengthened(across, down.length() * shape, mask.width);
    }
    return Window{across.begin, down.begin, across.length(), down.length()};
}

}  // namespace easel::image
