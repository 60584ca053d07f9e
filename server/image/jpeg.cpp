// SPDX-License-Identifier: Apache-2.0
#include "server/image/jpeg.h"

#include <turbojpeg.h>

#include <algorithm>
#include <charconv>
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

/// The marker before pixels, and those that have no length: from there on libjpeg sees for itself.
bool endsTables(std::uint8_t marker) {
    constexpr std::uint8_t kTemporary = 0x01;
    constexpr std::uint8_t kFirstRestart = 0xD0;
    constexpr std::uint8_t kEndOfImage = 0xD9;
    return marker == kStartOfScan || marker == kTemporary ||
           (marker >= kFirstRestart && marker <= kEndOfImage);
}

struct Tidy {
    std::vector<std::uint8_t> file;
    std::size_t scanAt = 0;  ///< where its first pixels are
};

/// `file` without the bytes between the segments before its pixels that belong to none: some cameras leave
/// them, they lose nothing, and libjpeg tells of its first trouble alone, behind which worse may hide.
Tidy tidied(File file) {
    constexpr std::size_t kMark = 2;
    Tidy tidy{{file.begin(), file.begin() + kMark}};
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
        if (length < 2 || end > file.size() || endsTables(file[at + 1])) {
            tidy.scanAt = tidy.file.size();
            tidy.file.insert(tidy.file.end(),
                             file.begin() + static_cast<std::ptrdiff_t>(std::min(at, file.size())),
                             file.end());
            return tidy;
        }
        tidy.file.insert(tidy.file.end(), file.begin() + static_cast<std::ptrdiff_t>(at),
                         file.begin() + static_cast<std::ptrdiff_t>(end));
        at = end;
    }
}

/// How many bytes libjpeg has passed over before the file's end, if that is its first trouble.
std::size_t passedOver(tjhandle decompressor) {
    constexpr auto kBefore = "Corrupt JPEG data: "sv;
    constexpr auto kBehind = " extraneous bytes before marker 0xd9"sv;
    const std::string_view said = tjGetErrorStr2(decompressor);
    std::size_t count = 0;
    if (tjGetErrorCode(decompressor) == TJERR_WARNING && said.starts_with(kBefore) &&
        said.ends_with(kBehind)) {
        std::from_chars(said.data() + kBefore.size(), said.data() + said.size(), count);
    }
    return count;
}

/// Some cameras fill a file up before its end. Bytes that are not all alike are what is left of pixels that
/// were damaged.
bool isHarmless(tjhandle decompressor, const Tidy& tidy) {
    constexpr auto kEnd = "\xff\xd9"sv;
    const auto scan = tidy.file.begin() + static_cast<std::ptrdiff_t>(tidy.scanAt);
    const auto end = std::search(scan, tidy.file.end(), kEnd.begin(), kEnd.end(),
                                 [](std::uint8_t a, char b) { return a == static_cast<std::uint8_t>(b); });
    const auto count = static_cast<std::ptrdiff_t>(passedOver(decompressor));
    return count > 0 && count <= end - scan &&
           std::all_of(end - count, end, [end](int byte) { return byte == *(end - 1); });
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
    return readHead(decompressor.get(), tidied(file).file).map([](const Head& head) { return head.size; });
}

Expected<Stored> decodeJpeg(File untidy) {
    const Tidy tidy = tidied(untidy);
    const File file = tidy.file;
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
    if (failed != 0 && !isHarmless(decompressor.get(), tidy)) {
        return unreadable(tjGetErrorStr2(decompressor.get()));
    }
    if (hasInks) {
        inksToColours(pixels);
    }
    return Stored{{{width, height, std::move(pixels)}, {}}, exifIn(file)};
}

Expected<std::vector<std::uint8_t>> encodeJpeg(const Image& image, int quality) {
    const Handle compressor(tjInitCompress());
    std::vector<std::uint8_t> file(tjBufSize(image.width, image.height, TJSAMP_444));
    unsigned char* into = file.data();
    unsigned long size = file.size();
    if (!compressor || tjCompress2(compressor.get(), image.rgb.data(), image.width, 0, image.height, TJPF_RGB,
                                   &into, &size, TJSAMP_444, quality, TJFLAG_NOREALLOC) != 0) {
        return tl::unexpected(protocol::internalError("The picture cannot be written as JPEG."));
    }
    file.resize(size);
    return file;
}

}  // namespace easel::image
