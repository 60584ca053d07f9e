// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/operations/canvas.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "server/diffusion/failure.h"
#include "server/diffusion/input_picture.h"
#include "server/image/blur.h"
#include "server/image/composite.h"
#include "server/image/crop_region.h"
#include "server/image/fit.h"
#include "server/image/mask.h"
#include "server/image/masked_fill.h"
#include "server/image/resample.h"
#include "shared/protocol/passes.h"

namespace easel::diffusion {

namespace {

using protocol::GenerationSettings;

/// Of a picture that comes back in its own size: what a worker can hand over.
constexpr std::int64_t kMostPixels = std::int64_t{16} << 20;

/// Models know no transparency.
image::Image onWhite(const image::Picture& picture) {
    if (!picture.alpha) {
        return picture.image;
    }
    image::Image white = picture.image;
    std::ranges::fill(white.rgb, std::uint8_t{255});
    return image::composite(white, picture.image, *picture.alpha);
}

image::Plane asLargeAs(const image::Image& picture, image::Plane mask) {
    if (mask.width == picture.width && mask.height == picture.height) {
        return mask;
    }
    return image::resized(mask, {picture.width, picture.height});
}

/// Where little is seen through the blurred mask, more of it is: the seam lies where nothing was drawn anew.
image::Plane doubled(image::Plane mask) {
    for (std::uint8_t& value : mask.values) {
        value = static_cast<std::uint8_t>(std::min(2 * value, 255));
    }
    return mask;
}

/// How far `picture` is from the edges of what it grows to.
struct Frame {
    explicit Frame(const GenerationSettings& settings)
        : left(protocol::extensionOf(settings.extendLeft)),
          top(protocol::extensionOf(settings.extendTop)),
          width(protocol::firstPassOf(settings).width),
          height(protocol::firstPassOf(settings).height) {}

    int left;
    int top;
    int width;
    int height;
};

/// With its edges repeated beyond them.
image::Image extended(const image::Image& picture, const Frame& frame) {
    image::Image result{frame.width, frame.height, {}};
    result.rgb.reserve(std::size_t{3} * frame.width * frame.height);
    for (int y = 0; y < frame.height; ++y) {
        const auto row = static_cast<std::size_t>(std::clamp(y - frame.top, 0, picture.height - 1));
        for (int x = 0; x < frame.width; ++x) {
            const auto column = static_cast<std::size_t>(std::clamp(x - frame.left, 0, picture.width - 1));
            const auto* const pixel = &picture.rgb[3 * (row * picture.width + column)];
            result.rgb.insert(result.rgb.end(), pixel, pixel + 3);
        }
    }
    return result;
}

/// All that is new, and of the picture what `mask` says; empty: nothing.
image::Plane maskOfExtended(const image::Plane& mask, image::Size inner, const Frame& frame) {
    image::Plane result{frame.width, frame.height, {}};
    result.values.assign(static_cast<std::size_t>(frame.width) * frame.height, 255);
    for (int y = 0; y < inner.height; ++y) {
        const auto to =
            result.values.begin() + (static_cast<std::ptrdiff_t>(y) + frame.top) * frame.width + frame.left;
        if (mask.values.empty()) {
            std::fill_n(to, inner.width, std::uint8_t{0});
        } else {
            std::copy_n(mask.values.begin() + static_cast<std::ptrdiff_t>(y) * inner.width, inner.width, to);
        }
    }
    return result;
}

Canvas withMask(image::Image start, image::Plane mask) {
    Canvas canvas{start, std::move(mask), std::move(start), {}, {}};
    canvas.through = doubled(*canvas.mask);
    canvas.window = {0, 0, canvas.whole.width, canvas.whole.height};
    return canvas;
}

protocol::Problem nothingMasked() {
    return protocol::invalidField("mask",
                                  "Nothing of the mask is white, so there is nothing to draw; it is white "
                                  "where the picture is drawn anew.");
}

/// The masked part alone, in the full size.
Canvas closeUp(const GenerationSettings& settings, image::Image picture, image::Plane mask) {
    if (std::int64_t{picture.width} * picture.height > kMostPixels) {
        throw Failure(protocol::invalidField(
            "init_image",
            "A part alone is drawn in pictures of at most 16 megapixels, for they keep their "
            "size; give a smaller one, or leave inpaint_area out."));
    }
    const image::Size size{settings.width, settings.height};
    const auto window = image::cropRegion(mask, settings.inpaintPadding, size);
    if (!window) {
        throw Failure(nothingMasked());
    }
    Canvas canvas;
    canvas.start = image::fitted(image::cropped(picture, *window), size, image::Fit::Fill);
    canvas.mask = image::fitted(image::cropped(mask, *window), size, image::Fit::Fill);
    canvas.whole = std::move(picture);
    canvas.through = std::move(mask);
    canvas.window = *window;
    return canvas;
}

Canvas masked(const GenerationSettings& settings, const image::Image& picture, image::Plane mask) {
    const image::Size size{settings.width, settings.height};
    const image::Fit fit = fitOf(settings.resize);
    if (protocol::isExtended(settings)) {
        const Frame frame(settings);
        if (!mask.values.empty()) {
            mask = image::fitted(mask, size, fit);
        }
        return withMask(extended(image::fitted(picture, size, fit), frame),
                        image::blurred(maskOfExtended(mask, size, frame), settings.maskBlur));
    }
    image::Plane soft = image::blurred(mask, settings.maskBlur);
    return settings.inpaintArea == "masked"
               ? closeUp(settings, picture, std::move(soft))
               : withMask(image::fitted(picture, size, fit), image::fitted(soft, size, fit));
}

}  // namespace

std::optional<Canvas> canvasFor(const GenerationSettings& settings, const generator::Materials& materials) {
    if (settings.initImage.empty()) {
        return {};
    }
    const auto picture = inputPicture(materials, settings.initImage, "init_image");
    std::optional<image::Picture> mask;
    if (!settings.mask.empty()) {
        mask = inputPicture(materials, settings.mask, "mask");
    }
    return canvasOf(settings, picture, mask);
}

Canvas canvasOf(const GenerationSettings& settings, const image::Picture& picture,
                const std::optional<image::Picture>& mask) {
    const image::Image start = onWhite(picture);
    if (!mask && !protocol::isExtended(settings)) {
        return {image::fitted(start, {settings.width, settings.height}, fitOf(settings.resize))};
    }
    Canvas canvas = masked(settings, start, mask ? asLargeAs(start, image::maskOf(*mask)) : image::Plane{});
    if (std::ranges::none_of(canvas.mask->values, [](int value) { return value >= 128; })) {
        throw Failure(nothingMasked());
    }
    if (settings.maskedContent == "fill") {
        canvas.start = image::maskedFill(canvas.start, *canvas.mask);
    }
    return canvas;
}

image::Image putBack(const Canvas& canvas, image::Image drawn) {
    if (!canvas.mask) {
        return drawn;
    }
    return image::pastedBack(canvas.whole, drawn, canvas.window, canvas.through);
}

}  // namespace easel::diffusion
