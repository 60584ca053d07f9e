// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "server/image/image.h"
#include "server/image/orientation.h"
#include "shared/protocol/problem.h"

namespace easel::image {

/// A text that a PNG file carries. The keyword has 1 to 79 ASCII characters; the text is UTF-8 without NUL.
struct PngText {
    std::string keyword;
    std::string text;

    bool operator==(const PngText&) const = default;
};

/// What a file from a stranger may ask for before any of it is unpacked.
struct PngLimits {
    int maxSide = 8192;                               ///< pixels
    std::int64_t maxPixels = std::int64_t{1} << 26;   ///< width x height
    std::size_t maxTextBytes = std::size_t{1} << 20;  ///< of all texts together, unpacked
};

/// The bytes of a PNG file: 8-bit RGB, with `texts` before the pixels. ASCII goes into tEXt chunks, which
/// every tool reads, all else into iTXt; empty texts are left out. A picture without pixels or a keyword out
/// of bounds is an error.
protocol::Expected<std::vector<std::uint8_t>> encodePng(const Image& picture,
                                                        std::span<const PngText> texts = {});

/// Any PNG file as 8-bit RGB; transparency is dropped. Damage and excess are errors.
protocol::Expected<Image> decodePng(std::span<const std::uint8_t> bytes, const PngLimits& limits = {});

/// What a PNG file's head says. Errors: 400.
protocol::Expected<Size> pngSize(std::span<const std::uint8_t> file);

/// As decodePng, with transparency and EXIF data.
protocol::Expected<Stored> decodePngPicture(std::span<const std::uint8_t> bytes, const PngLimits& limits);

/// The texts that stand before a PNG file's pixels (tEXt, zTXt, iTXt), in UTF-8 and in order. The pixels are
/// not unpacked.
protocol::Expected<std::vector<PngText>> readPngTexts(std::span<const std::uint8_t> bytes,
                                                      const PngLimits& limits = {});

}  // namespace easel::image
