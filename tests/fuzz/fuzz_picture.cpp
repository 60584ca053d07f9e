// SPDX-License-Identifier: Apache-2.0
// Pictures from strangers, in every format that is taken.
#include <span>

#include "server/image/decode.h"
#include "tests/fuzz/fuzz.h"

using namespace easel;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::span bytes(data, size);
    protocol::Limits limits;
    limits.maxInputSide = 512;
    limits.maxInputPixels = 1 << 14;
    const auto header = image::readHeader(bytes, limits);
    const auto picture = image::decode(bytes, limits);
    if (!picture) {
        const int status = picture.error().status;
        fuzz::require(status == 400 || status == 413 || status == 415, "a refusal is the sender's fault");
        fuzz::require(header || header.error() == picture.error(), "a bad head is all that is looked at");
        return 0;
    }
    const auto& [image, alpha] = *picture;
    fuzz::require(header.has_value(), "a picture has a head");
    const auto& [width, height] = header->size;
    const bool isUpright = image.width == width && image.height == height;
    fuzz::require(isUpright || (image.width == height && image.height == width), "a head says the size");
    fuzz::require(image.rgb.size() == std::size_t{3} * image.width * image.height,
                  "a picture has all its pixels");
    fuzz::require(!alpha || (alpha->width == image.width && alpha->height == image.height &&
                             3 * alpha->values.size() == image.rgb.size()),
                  "so has its alpha");
    return 0;
}
