// SPDX-License-Identifier: Apache-2.0
#include "server/image/orientation.h"

#include <libexif/exif-data.h>
#include <libexif/exif-entry.h>
#include <libexif/exif-utils.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

namespace easel::image {

namespace {

using namespace std::string_view_literals;

constexpr int kUpright = 1;
constexpr int kLastOrientation = 8;
/// A JPEG file cannot hold more, and how a picture lies stands near the beginning: the rest is a thumbnail.
constexpr std::size_t kMaxExifBytes = 65000;

struct FreeData {
    void operator()(ExifData* data) const { exif_data_unref(data); }
};

/// Where the pixel lies in the file that belongs at `x`, `y` of a picture of `size`, upright.
std::size_t sourceOf(int x, int y, Size size, int orientation) {
    const bool swaps = orientation >= 5;
    const int width = swaps ? size.height : size.width;
    const int height = swaps ? size.width : size.height;
    int column = swaps ? y : x;
    int row = swaps ? x : y;
    if (orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8) {
        column = width - 1 - column;
    }
    if (orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7) {
        row = height - 1 - row;
    }
    return static_cast<std::size_t>(row) * width + column;
}

template <std::size_t Channels>
std::vector<std::uint8_t> turned(const std::vector<std::uint8_t>& values, Size size, int orientation) {
    std::vector<std::uint8_t> result(values.size());
    std::uint8_t* to = result.data();
    for (int y = 0; y < size.height; ++y) {
        for (int x = 0; x < size.width; ++x) {
            const std::uint8_t* const from = &values[sourceOf(x, y, size, orientation) * Channels];
            for (std::size_t c = 0; c < Channels; ++c) {
                *to++ = from[c];
            }
        }
    }
    return result;
}

}  // namespace

int orientationIn(std::span<const std::uint8_t> exif) {
    constexpr auto kPrefix = "Exif\0\0"sv;  // libexif finds the data by it
    if (exif.empty()) {
        return kUpright;
    }
    exif = exif.first(std::min(exif.size(), kMaxExifBytes));
    std::vector<unsigned char> block(kPrefix.begin(), kPrefix.end());
    block.insert(block.end(), exif.begin(), exif.end());
    const std::unique_ptr<ExifData, FreeData> data(
        exif_data_new_from_data(block.data(), static_cast<unsigned int>(block.size())));
    const ExifEntry* const entry =
        data ? exif_content_get_entry(data->ifd[EXIF_IFD_0], EXIF_TAG_ORIENTATION) : nullptr;
    if (entry == nullptr || entry->format != EXIF_FORMAT_SHORT || entry->size < 2) {
        return kUpright;
    }
    const int orientation = exif_get_short(entry->data, exif_data_get_byte_order(data.get()));
    return orientation >= kUpright && orientation <= kLastOrientation ? orientation : kUpright;
}

Picture upright(Picture picture, int orientation) {
    if (orientation == kUpright) {
        return picture;
    }
    Image& image = picture.image;
    const Size size = orientation >= 5 ? Size{image.height, image.width} : Size{image.width, image.height};
    image = {size.width, size.height, turned<3>(image.rgb, size, orientation)};
    if (picture.alpha) {
        picture.alpha = Plane{size.width, size.height, turned<1>(picture.alpha->values, size, orientation)};
    }
    return picture;
}

}  // namespace easel::image
