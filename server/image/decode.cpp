// SPDX-License-Identifier: Apache-2.0
#include "server/image/decode.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "server/image/jpeg.h"
#include "server/image/orientation.h"
#include "server/image/png.h"
#include "server/image/webp.h"

namespace easel::image {

namespace {

using protocol::Expected;
using protocol::Problem;
using File = std::span<const std::uint8_t>;

/// Of what a PNG file holds besides pixels, unpacked: workflows and prompts are kept there.
constexpr std::size_t kMaxTextBytes = std::size_t{16} << 20;

bool holdsAt(File file, std::size_t offset, std::string_view text) {
    return file.size() >= offset + text.size() &&
           std::equal(text.begin(), text.end(), file.begin() + static_cast<std::ptrdiff_t>(offset),
                      [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; });
}

std::optional<Format> formatOf(File file) {
    if (holdsAt(file, 0, "\x89PNG\r\n\x1a\n")) {
        return Format::Png;
    }
    if (holdsAt(file, 0, "\xff\xd8\xff")) {
        return Format::Jpeg;
    }
    if (holdsAt(file, 0, "RIFF") && holdsAt(file, 8, "WEBP")) {
        return Format::Webp;
    }
    return {};
}

PngLimits pngLimits(const protocol::Limits& limits) {
    return {limits.maxInputSide, limits.maxInputPixels, kMaxTextBytes};
}

Expected<Size> sizeOf(File file, Format format) {
    switch (format) {
        case Format::Png:
            return pngSize(file);
        case Format::Jpeg:
            return jpegSize(file);
        case Format::Webp:
            break;
    }
    return webpSize(file);
}

std::optional<Problem> excess(Size size, const protocol::Limits& limits) {
    const std::string is =
        "The picture has " + std::to_string(size.width) + " x " + std::to_string(size.height) + " pixels; ";
    if (std::max(size.width, size.height) > limits.maxInputSide) {
        return protocol::ofStatus(
            413, is + "a side may have " + std::to_string(limits.maxInputSide) + ". Send a smaller one.");
    }
    if (std::int64_t{size.width} * size.height > limits.maxInputPixels) {
        return protocol::ofStatus(
            413, is + std::to_string(limits.maxInputPixels) + " are taken. Send a smaller one.");
    }
    return {};
}

Expected<Stored> decodeAs(Format format, File file, const protocol::Limits& limits) {
    switch (format) {
        case Format::Png:
            return decodePngPicture(file, pngLimits(limits));
        case Format::Jpeg:
            return decodeJpeg(file);
        case Format::Webp:
            break;
    }
    return decodeWebp(file);
}

}  // namespace

const char* contentType(Format format) {
    switch (format) {
        case Format::Png:
            return "image/png";
        case Format::Jpeg:
            return "image/jpeg";
        case Format::Webp:
            break;
    }
    return "image/webp";
}

Expected<Header> readHeader(File file, const protocol::Limits& limits) {
    if (static_cast<std::int64_t>(file.size()) > limits.maxInputBytes) {
        return tl::unexpected(protocol::ofStatus(
            413, "The picture's file has " + std::to_string(file.size()) + " bytes; " +
                     std::to_string(limits.maxInputBytes) + " are taken. Send a smaller one."));
    }
    const auto format = formatOf(file);
    if (!format) {
        return tl::unexpected(protocol::ofStatus(
            415, file.empty() ? "There is no picture: the file is empty. Send a PNG, JPEG or WebP file."
                              : "This is no picture that can be read. Send a PNG, JPEG or WebP file."));
    }
    return sizeOf(file, *format).and_then([&](Size size) -> Expected<Header> {
        if (auto problem = excess(size, limits)) {
            return tl::unexpected(std::move(*problem));
        }
        return Header{*format, size};
    });
}

Expected<Picture> decode(File file, const protocol::Limits& limits) {
    return readHeader(file, limits)
        .and_then([&](const Header& header) { return decodeAs(header.format, file, limits); })
        .map([](Stored stored) { return upright(std::move(stored.picture), orientationIn(stored.exif)); });
}

}  // namespace easel::image
