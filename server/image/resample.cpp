// SPDX-License-Identifier: Apache-2.0
#include "server/image/resample.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <vector>

#include "server/image/pixels.h"

namespace easel::image {

namespace {

using Values = std::vector<std::uint8_t>;

constexpr int kFractionBits = 22;

double lanczos(double x) {
    const auto sinc = [](double at) { return at == 0 ? 1 : std::sin(at) / at; };
    const double at = x * std::numbers::pi;
    return x >= -3 && x < 3 ? sinc(at) * sinc(at / 3) : 0;
}

double bicubic(double x) {
    constexpr double a = -0.5;
    x = std::abs(x);
    if (x < 1) {
        return ((a + 2) * x - (a + 3)) * x * x + 1;
    }
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

/// What one output value takes from `first` on.
struct Taps {
    int first = 0;
    std::vector<std::int32_t> weights;  ///< fixed point
};

std::vector<Taps> tapsFor(int from, int to, int begin, int count, Filter filter) {
    const double scale = static_cast<double>(from) / to;
    const double stretch = std::max(scale, 1.0);
    const double support = (filter == Filter::Lanczos ? 3 : 2) * stretch;
    std::vector<Taps> all(static_cast<std::size_t>(count));
    std::vector<double> weights;
    for (int i = 0; i < count; ++i) {
        const double centre = (begin + i + 0.5) * scale;
        const int first = std::max(0, static_cast<int>(centre - support + 0.5));
        const int end = std::min(from, static_cast<int>(centre + support + 0.5));
        double sum = 0;
        weights.clear();
        for (int x = first; x < end; ++x) {
            const double at = (x - centre + 0.5) * (1 / stretch);
            weights.push_back(filter == Filter::Lanczos ? lanczos(at) : bicubic(at));
            sum += weights.back();
        }
        Taps& taps = all[static_cast<std::size_t>(i)];
        taps.first = first;
        for (const double weight : weights) {
            const double share = (sum == 0 ? weight : weight / sum) * (1 << kFractionBits);
            taps.weights.push_back(static_cast<std::int32_t>(share < 0 ? share - 0.5 : share + 0.5));
        }
    }
    return all;
}

/// The weighted sum of values that lie `stride` apart.
std::uint8_t sumOf(const std::uint8_t* values, std::size_t stride, const Taps& taps) {
    std::int32_t sum = 1 << (kFractionBits - 1);
    for (const std::int32_t weight : taps.weights) {
        sum += weight * *values;
        values += stride;
    }
    return clamped(sum >> kFractionBits);
}

template <std::size_t Channels>
Values resample(const Values& values, Size from, Size to, const Window& part, Filter filter) {
    const std::size_t inRow = Channels * static_cast<std::size_t>(from.width);
    const std::size_t outRow = Channels * static_cast<std::size_t>(part.width);
    const auto rows = tapsFor(from.height, to.height, part.top, part.height, filter);
    const int top = rows.front().first;
    const int bottom = rows.back().first + static_cast<int>(rows.back().weights.size());

    Values narrow(outRow * static_cast<std::size_t>(bottom - top));
    if (from.width == to.width) {
        for (int y = top; y < bottom; ++y) {
            const std::uint8_t* const row =
                &values[static_cast<std::size_t>(y) * inRow + Channels * part.left];
            std::copy_n(row, outRow, &narrow[static_cast<std::size_t>(y - top) * outRow]);
        }
    } else {
        const auto columns = tapsFor(from.width, to.width, part.left, part.width, filter);
        std::uint8_t* out = narrow.data();
        for (int y = top; y < bottom; ++y) {
            const std::uint8_t* const row = &values[static_cast<std::size_t>(y) * inRow];
            for (const Taps& taps : columns) {
                for (std::size_t c = 0; c < Channels; ++c) {
                    *out++ = sumOf(row + Channels * taps.first + c, Channels, taps);
                }
            }
        }
    }
    if (from.height == to.height) {
        narrow.erase(narrow.begin(), narrow.begin() + static_cast<std::ptrdiff_t>(outRow) * (part.top - top));
        narrow.resize(outRow * static_cast<std::size_t>(part.height));
        return narrow;
    }
    Values result(outRow * static_cast<std::size_t>(part.height));
    std::uint8_t* out = result.data();
    for (const Taps& taps : rows) {
        const std::uint8_t* const first = &narrow[static_cast<std::size_t>(taps.first - top) * outRow];
        for (std::size_t x = 0; x < outRow; ++x) {
            *out++ = sumOf(first + x, outRow, taps);
        }
    }
    return result;
}

Window all(Size size) {
    return {0, 0, size.width, size.height};
}

}  // namespace

TapTable tapTable(int from, int to, Filter filter) {
    const auto all = tapsFor(from, to, 0, to, filter);
    TapTable table;
    for (const Taps& taps : all) {
        table.most = std::max(table.most, static_cast<std::int32_t>(taps.weights.size()));
    }
    for (const Taps& taps : all) {
        table.firsts.push_back(taps.first);
        table.counts.push_back(static_cast<std::int32_t>(taps.weights.size()));
        table.weights.insert(table.weights.end(), taps.weights.begin(), taps.weights.end());
        table.weights.resize(table.firsts.size() * static_cast<std::size_t>(table.most));
    }
    return table;
}

Image resized(const Image& image, Size size, Filter filter) {
    return resizedPart(image, size, all(size), filter);
}

Plane resized(const Plane& plane, Size size, Filter filter) {
    return resizedPart(plane, size, all(size), filter);
}

Image resizedPart(const Image& image, Size size, const Window& part, Filter filter) {
    return {part.width, part.height, resample<3>(image.rgb, {image.width, image.height}, size, part, filter)};
}

Plane resizedPart(const Plane& plane, Size size, const Window& part, Filter filter) {
    return {part.width, part.height,
            resample<1>(plane.values, {plane.width, plane.height}, size, part, filter)};
}

}  // namespace easel::image
