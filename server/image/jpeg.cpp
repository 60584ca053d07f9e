// SPDX-License-Identifier: Apache-2.0
#include "server/image/jpeg.h"

#include <turbojpeg.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "server/image/pixels.h"

namespace easel::image {

namespace {

using namespace std::string_view_literals;
using protocol::Expected;
using File = std::span<const std::uint8_t>;

// A progressive file can go over all of its pixels again and again; this many times is libjpeg-turbo's own
// limit.
constexpr int kFlags = TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS;

constexpr std::uint8_t kStartOfScan = 0xDA;  // the marker before pixels

struct Destroy {
    void operator()(void* handle) const { tjDestroy(handle); }
};
using Handle = std::unique_ptr<std::remove_pointer_t<tjhandle>, Destroy>;

struct Head {
    Size size;
    int colourSpace = 0;
};

tl::unexpected<protocol::Problem> unreadable(const std::string& why) {
    return tl::unexpected(protocol::malformed("This is not a JPEG file that can be read: " + why + "."));
}

Expected<Head> readHead(tjhandle decompressor, File file) {
    Head head;
    int subsampling = 0;
    if (tjDecompressHeader3(decompressor, file.data(), file.size(), &head.size.width, &head.size.height,
                            &subsampling, &head.colourSpace) != 0) {
        return unreadable(tjGetErrorStr2(decompressor));
    }
    return head;
}

/// `file` without the bytes between the segments before its pixels that belong to none: some cameras leave
/// them, they lose nothing, and libjpeg tells of its first trouble alone, behind which worse may hide.
std::vector<std::uint8_t> tidied(File file) {
    constexpr std::size_t kMark = 2;
    std::vector<std::uint8_t> tidy(file.begin(), file.begin() + kMark);
    const auto isMarker = [file](std::size_t at) {
        return file[at] == 0xFF && file[at + 1] != 0 && file[at + 1] != 0xFF;
    };
    std::size_t at = kMark;
    while (true) {
        while (at + kMark <= file.size() && !isMarker(at)) {
            ++at;
        }
        const bool hasLength = at + 2 * kMark <= file.size();
        const std::size_t length = hasLength ? std::size_t{file[at + 2]} << 8 | file[at + 3] : 0;
        const std::size_t end = at + kMark + length;
        if (length < 2 || end > file.size() || file[at + 1] == kStartOfScan) {
            tidy.insert(tidy.end(), file.begin() + static_cast<std::ptrdiff_t>(std::min(at, file.size())),
                        file.end());
            return tidy;
        }
        tidy.insert(tidy.end(), file.begin() + static_cast<std::ptrdiff_t>(at),
                    file.begin() + static_cast<std::ptrdiff_t>(end));
        at = end;
    }
}

/// Bytes before the file's end lose nothing either: all pixels have been read by then without a trouble.
bool isHarmless(tjhandle decompressor) {
    return tjGetErrorCode(decompressor) == TJERR_WARNING &&
           std::string_view(tjGetErrorStr2(decompressor)).find("extraneous bytes before marker 0xd9") !=
               std::string_view::npos;
}

/// From the inks that are left out, as they are stored, to colours, in place; rounded as Pillow does.
void inksToColours(std::vector<std::uint8_t>& pixels) {
    const std::size_t count = pixels.size() / 4;
    for (std::size_t i = 0; i < count; ++i) {
        const int light = pixels[4 * i + 3];
        for (std::size_t c = 0; c < 3; ++c) {
            pixels[3 * i + c] =
                static_cast<std::uint8_t>(light - dividedBy255((255 - pixels[4 * i + c]) * light));
        }
    }
    pixels.resize(3 * count);
}

/// The data of the first EXIF segment before the pixels.
std::vector<std::uint8_t> exifIn(File file) {
    constexpr auto kName = "Exif\0\0"sv;
    constexpr std::uint8_t kApp1 = 0xE1;
    std::size_t at = 2;
    while (at + 4 <= file.size() && file[at] == 0xFF && file[at + 1] != kStartOfScan) {
        if (file[at + 1] == 0xFF) {  // padding
            ++at;
            continue;
        }
        const std::size_t length = std::size_t{file[at + 2]} << 8 | file[at + 3];
        const std::size_t end = at + 2 + length;
        if (length < 2 || end > file.size()) {
            return {};
        }
        const File segment = file.subspan(at + 4, length - 2);
        if (file[at + 1] == kApp1 && segment.size() > kName.size() &&
            std::equal(kName.begin(), kName.end(), segment.begin())) {
            return {segment.begin() + kName.size(), segment.end()};
        }
        at = end;
    }
    return {};
}

}  // namespace

Expected<Size> jpegSize(File file) {
    const Handle decompressor(tjInitDecompress());
    if (!decompressor) {
        return unreadable("there is no memory for it");
    }
    return readHead(decompressor.get(), tidied(file)).map([](const Head& head) { return head.size; });
}

Expected<Stored> decodeJpeg(File untidy) {
    const std::vector<std::uint8_t> file = tidied(untidy);
    const Handle decompressor(tjInitDecompress());
    if (!decompressor) {
        return unreadable("there is no memory for it");
    }
    const auto head = readHead(decompressor.get(), file);
    if (!head) {
        return tl::unexpected(head.error());
    }
    const auto& [width, height] = head->size;
    const bool hasInks = head->colourSpace == TJCS_CMYK || head->colourSpace == TJCS_YCCK;
    const std::size_t channels = hasInks ? 4 : 3;
    std::vector<std::uint8_t> pixels(channels * static_cast<std::size_t>(width) * height);
    const int failed = tjDecompress2(decompressor.get(), file.data(), file.size(), pixels.data(), width, 0,
                                     height, hasInks ? TJPF_CMYK : TJPF_RGB, kFlags);
    if (failed != 0 && !isHarmless(decompressor.get())) {
        return unreadable(tjGetErrorStr2(decompressor.get()));
    }
    if (hasInks) {
        inksToColours(pixels);
    }
    return Stored{{{width, height, std::move(pixels)}, {}}, exifIn(file)};
}

Expected<std::vector<std::uint8_t>> encodeJpeg(const Image& image, int quality) {
    const Handle compressor(tjInitCompress());
    std::vector<std::uint8_t> file(tjBufSize(image.width, image.height, TJSAMP_420));
    unsigned char* into = file.data();
    unsigned long size = file.size();
    if (!compressor || tjCompress2(compressor.get(), image.rgb.data(), image.width, 0, image.height, TJPF_RGB,
                                   &into, &size, TJSAMP_420, quality, TJFLAG_NOREALLOC) != 0) {
        return tl::unexpected(protocol::internalError("The picture cannot be written as JPEG."));
    }
    file.resize(size);
    return file;
}

}  // namespace easel::image
