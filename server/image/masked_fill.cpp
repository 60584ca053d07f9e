// SPDX-License-Identifier: Apache-2.0
#include "server/image/masked_fill.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "server/image/pixels.h"

namespace easel::image {

namespace {

constexpr std::size_t kChannels = 4;
constexpr int kBoxes = 3;  // one after another, they are close to a Gaussian
constexpr float kGrey = 127.5F;
/// Below this, nothing of what was kept has come so far.
constexpr float kNothing = 1e-6F;

struct Layer {
    float deviation;
    int times;
};
constexpr Layer kLayers[] = {{256, 1}, {64, 1}, {16, 2}, {4, 4}, {2, 2}, {0, 1}};

/// RGBA, the colours already times alpha; alpha from 0 to 1.
using Pixels = std::vector<float>;

/// The radius of a box that has, `kBoxes` times, this deviation; its outermost pixels count by its fraction.
float boxRadius(float deviation) {
    const float variance = deviation * deviation / kBoxes;
    const float whole = std::floor((std::sqrt(12 * variance + 1) - 1) / 2);
    const float rest = (2 * whole + 1) * (whole * (whole + 1) - 3 * variance);
    return whole + rest / (6 * (variance - (whole + 1) * (whole + 1)));
}

/// Along a line of `count` pixels that lie `stride` values apart; beyond its ends it goes on as it ends.
void boxLine(const float* from, float* to, int count, std::size_t stride, float radius) {
    const int whole = static_cast<int>(radius);
    const float fraction = radius - static_cast<float>(whole);
    const float share = 1 / (2 * radius + 1);
    const auto at = [&](int i) {
        return from[stride * static_cast<std::size_t>(std::clamp(i, 0, count - 1))];
    };
    double sum = 0;  // what is added is taken away later, and must leave nothing
    for (int i = -whole; i <= whole; ++i) {
        sum += at(i);
    }
    for (int i = 0; i < count; ++i) {
        const float outer = at(i - whole - 1) + at(i + whole + 1);
        to[stride * static_cast<std::size_t>(i)] = (static_cast<float>(sum) + fraction * outer) * share;
        sum += at(i + whole + 1);
        sum -= at(i - whole);
    }
}

Pixels blurred(const Pixels& pixels, int width, int height, float deviation) {
    Pixels from = pixels;
    if (deviation == 0) {
        return from;
    }
    const float radius = boxRadius(deviation);
    const std::size_t row = kChannels * static_cast<std::size_t>(width);
    Pixels to(pixels.size());
    for (int i = 0; i < kBoxes; ++i) {
        for (int y = 0; y < height; ++y) {
            for (std::size_t c = 0; c < kChannels; ++c) {
                const std::size_t first = row * static_cast<std::size_t>(y) + c;
                boxLine(&from[first], &to[first], width, kChannels, radius);
            }
        }
        for (std::size_t x = 0; x < row; ++x) {
            boxLine(&to[x], &from[x], height, row, radius);
        }
    }
    return from;
}

void layOver(Pixels& under, const Pixels& over, int times) {
    for (int i = 0; i < times; ++i) {
        for (std::size_t at = 0; at < under.size(); ++at) {
            const float opaque = over[at - at % kChannels + 3];
            under[at] = over[at] + under[at] * (1 - opaque);
        }
    }
}

}  // namespace

Image maskedFill(const Image& image, const Plane& mask) {
    Pixels kept(kChannels * mask.values.size());
    for (std::size_t i = 0; i < mask.values.size(); ++i) {
        const float alpha = static_cast<float>(255 - mask.values[i]) / 255;
        for (std::size_t c = 0; c < 3; ++c) {
            kept[kChannels * i + c] = alpha * image.rgb[3 * i + c];
        }
        kept[kChannels * i + 3] = alpha;
    }
    Pixels filled(kept.size());
    for (const Layer& layer : kLayers) {
        layOver(filled, blurred(kept, image.width, image.height, layer.deviation), layer.times);
    }
    Image result = image;
    for (std::size_t i = 0; i < result.rgb.size(); ++i) {
        const std::size_t pixel = kChannels * (i / 3);
        const float alpha = filled[pixel + 3];
        const float colour = alpha < kNothing ? kGrey : filled[pixel + i % 3] / alpha;
        result.rgb[i] = clamped(static_cast<int>(std::lround(colour)));
    }
    return result;
}

}  // namespace easel::image
