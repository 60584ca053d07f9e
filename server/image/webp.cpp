// SPDX-License-Identifier: Apache-2.0
#include "server/image/webp.h"

#include <webp/decode.h>
#include <webp/demux.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "server/image/pixels.h"

namespace easel::image {

namespace {

using namespace std::string_view_literals;
using protocol::Expected;
using File = std::span<const std::uint8_t>;

struct Delete {
    void operator()(WebPDemuxer* demuxer) const { WebPDemuxDelete(demuxer); }
};
using Demuxer = std::unique_ptr<WebPDemuxer, Delete>;

tl::unexpected<protocol::Problem> unreadable(const char* why) {
    return tl::unexpected(
        protocol::malformed(std::string("This is not a WebP file that can be read: ") + why + "."));
}

Expected<WebPBitstreamFeatures> featuresOf(File file) {
    WebPBitstreamFeatures features;
    switch (WebPGetFeatures(file.data(), file.size(), &features)) {
        case VP8_STATUS_OK:
            break;
        case VP8_STATUS_NOT_ENOUGH_DATA:
            return unreadable("it is cut short");
        default:
            return unreadable("its head is damaged");
    }
    if (features.has_animation != 0) {
        return tl::unexpected(protocol::ofStatus(
            415, "This WebP file is an animation. Send one of its pictures as a file of its own."));
    }
    return features;
}

Demuxer demux(File file) {
    const WebPData data{file.data(), file.size()};
    return Demuxer(WebPDemux(&data));
}

std::vector<std::uint8_t> exifIn(WebPDemuxer* demuxer) {
    constexpr auto kPrefix = "Exif\0\0"sv;  // that some programs copy from JPEG
    WebPChunkIterator chunk;
    if (WebPDemuxGetChunk(demuxer, "EXIF", 1, &chunk) == 0) {
        return {};
    }
    File exif(chunk.chunk.bytes, chunk.chunk.size);
    if (exif.size() >= kPrefix.size() && std::equal(kPrefix.begin(), kPrefix.end(), exif.begin())) {
        exif = exif.subspan(kPrefix.size());
    }
    std::vector<std::uint8_t> copy(exif.begin(), exif.end());
    WebPDemuxReleaseChunkIterator(&chunk);
    return copy;
}

}  // namespace

Expected<Size> webpSize(File file) {
    return featuresOf(file).map([](const auto& features) { return Size{features.width, features.height}; });
}

Expected<Stored> decodeWebp(File file) {
    const auto features = featuresOf(file);
    if (!features) {
        return tl::unexpected(features.error());
    }
    const Demuxer demuxer = demux(file);  // Also knows whether anything is missing at the end.
    if (!demuxer) {
        return unreadable("it is cut short or damaged");
    }
    const Size size{features->width, features->height};
    const bool hasAlpha = features->has_alpha != 0;
    const int row = size.width * (hasAlpha ? 4 : 3);
    std::vector<std::uint8_t> pixels(static_cast<std::size_t>(row) * size.height);
    const auto* const decoded = (hasAlpha ? WebPDecodeRGBAInto : WebPDecodeRGBInto)(
        file.data(), file.size(), pixels.data(), pixels.size(), row);
    if (decoded == nullptr) {
        return unreadable("its pixels are damaged");
    }
    std::vector<std::uint8_t> exif = exifIn(demuxer.get());
    if (hasAlpha) {
        return Stored{withAlpha(size, std::move(pixels)), std::move(exif)};
    }
    return Stored{{{size.width, size.height, std::move(pixels)}, {}}, std::move(exif)};
}

}  // namespace easel::image
