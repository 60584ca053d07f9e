// SPDX-License-Identifier: Apache-2.0
#include "server/image/blur.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "server/image/pixels.h"

namespace easel::image {

namespace {

/// The weights from the middle on; both sides together are 1.
std::vector<double> kernel(double deviation) {
    const int reach = static_cast<int>(2.5 * deviation + 0.5);
    std::vector<double> weights;
    double sum = 0;
    for (int i = 0; i <= reach; ++i) {
        weights.push_back(std::exp(-0.5 * i * i / (deviation * deviation)));
        sum += (i == 0 ? 1 : 2) * weights.back();
    }
    for (double& weight : weights) {
        weight /= sum;
    }
    return weights;
}

/// `at`, mirrored at the middles of the first and the last of `count` pixels.
int mirrored(int at, int count) {
    if (count == 1) {
        return 0;
    }
    const int period = 2 * (count - 1);
    at = std::abs(at) % period;
    return at < count ? at : period - at;
}

/// Along a line of `count` values that lie `stride` apart.
void blurLine(const std::uint8_t* from, std::uint8_t* to, int count, std::size_t stride,
              const std::vector<double>& weights) {
    const int reach = static_cast<int>(weights.size()) - 1;
    const auto at = [&](int i) { return from[stride * static_cast<std::size_t>(mirrored(i, count))]; };
    for (int i = 0; i < count; ++i) {
        double sum = weights[0] * at(i);
        for (int j = 1; j <= reach; ++j) {
            sum += weights[static_cast<std::size_t>(j)] * (at(i - j) + at(i + j));
        }
        to[stride * static_cast<std::size_t>(i)] = clamped(static_cast<int>(std::lround(sum)));
    }
}

}  // namespace

Plane blurred(const Plane& plane, double deviation) {
    const std::vector<double> weights = deviation > 0 ? kernel(deviation) : std::vector{1.0};
    if (weights.size() == 1) {
        return plane;
    }
    Plane narrow = plane;
    const auto row = static_cast<std::size_t>(plane.width);
    for (int y = 0; y < plane.height; ++y) {
        const std::size_t first = row * static_cast<std::size_t>(y);
        blurLine(&plane.values[first], &narrow.values[first], plane.width, 1, weights);
    }
    Plane result = narrow;
    for (int x = 0; x < plane.width; ++x) {
        blurLine(&narrow.values[static_cast<std::size_t>(x)], &result.values[static_cast<std::size_t>(x)],
                 plane.height, row, weights);
    }
    return result;
}

}  // namespace easel::image
