// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "server/image/image.h"
#include "shared/protocol/problem.h"
#include "shared/protocol/server_info.h"

namespace easel::image {

enum class Format { Png, Jpeg, Webp };

/// "image/png", …
const char* contentType(Format format);

/// What a file says of itself before its pixels.
struct Header {
    Format format = Format::Png;
    Size size;  ///< as it is stored, before it is turned upright

    bool operator==(const Header&) const = default;
};

/// Known by its content alone; names and types lie. Errors: 415 for what is no PNG, JPEG or WebP file, 400
/// for one whose beginning is damaged, 413 for more bytes or pixels than `limits` takes.
protocol::Expected<Header> readHeader(std::span<const std::uint8_t> file, const protocol::Limits& limits);

/// The picture, turned upright as its EXIF data says. Colour profiles and gamma are ignored, as the programs
/// do that models were trained with; of 16 bits the upper 8 are taken. Errors: as readHeader, before anything
/// is unpacked; 400 when the file is damaged or cut short; 415 for an animated WebP file. An animated PNG
/// file is the still picture that it holds for programs that know no better.
protocol::Expected<Picture> decode(std::span<const std::uint8_t> file, const protocol::Limits& limits);

}  // namespace easel::image
