// SPDX-License-Identifier: Apache-2.0
// PNG files from strangers, as the server reads them.
#include <span>

#include "server/image/png.h"
#include "tests/fuzz/fuzz.h"

using namespace easel;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::span bytes(data, size);
    const image::PngLimits limits{.maxSide = 512, .maxPixels = 1 << 16, .maxTextBytes = 1 << 16};
    if (const auto texts = image::readPngTexts(bytes, limits)) {
        std::size_t total = 0;
        for (const auto& text : *texts) {
            total += text.text.size();
        }
        // Latin-1 takes up to twice its length in UTF-8.
        fuzz::require(total <= 2 * limits.maxTextBytes, "texts keep within their limit");
    }
    if (const auto picture = image::decodePng(bytes, limits)) {
        fuzz::require(picture->rgb.size() == std::size_t{3} * picture->width * picture->height,
                      "a picture has all its pixels");
        const auto again = encodePng(*picture);
        fuzz::require(again.has_value(), "a picture can be written");
        const auto second = image::decodePng(*again, limits);
        fuzz::require(second.has_value() && *second == *picture, "a picture survives");
    }
    return 0;
}
