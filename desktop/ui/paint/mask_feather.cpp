// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/paint/mask_feather.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <numeric>
#include <vector>

namespace easel::ui {

namespace {

/// Between the passes a level has eight more bits, so that rounding leaves no bands.
constexpr int kFraction = 8;

struct Plane {
    int width = 0;
    int height = 0;
    std::vector<std::uint16_t> levels = {};

    Plane(int w, int h) : width(w), height(h), levels(static_cast<std::size_t>(w) * h) {}
    std::uint16_t* row(int y) { return levels.data() + static_cast<std::size_t>(y) * width; }
    const std::uint16_t* row(int y) const { return levels.data() + static_cast<std::size_t>(y) * width; }
};

/// `region` and `radius` pixels around it.
Plane withSurroundings(const QImage& mask, const QRect& region, int radius) {
    Plane plane(region.width() + 2 * radius, region.height() + 2 * radius);
    for (int y = 0; y < plane.height; ++y) {
        const uchar* from = mask.constScanLine(std::clamp(region.y() - radius + y, 0, mask.height() - 1));
        std::uint16_t* to = plane.row(y);
        for (int x = 0; x < plane.width; ++x) {
            to[x] = static_cast<std::uint16_t>(from[std::clamp(region.x() - radius + x, 0, mask.width() - 1)]
                                               << kFraction);
        }
    }
    return plane;
}

/// Means of `2 * half + 1` levels, rounded. No sum has more than 24 bits, so a float holds it as it is, and
/// multiplying is far quicker than dividing.
class Mean {
public:
    explicit Mean(int half) : m_half(half), m_part(1 / static_cast<float>(2 * half + 1)) {}
    std::uint16_t of(std::int32_t sum) const {
        return static_cast<std::uint16_t>(static_cast<float>(sum + m_half) * m_part);
    }

private:
    std::int32_t m_half;
    float m_part;
};

/// Of each pixel and its `half` neighbours to the left and right; as much narrower.
Plane blurredAcross(const Plane& in, int half) {
    const Mean mean(half);
    const std::ptrdiff_t reach = 2 * std::ptrdiff_t{half};
    Plane out(in.width - 2 * half, in.height);
    for (int y = 0; y < in.height; ++y) {
        const std::uint16_t* from = in.row(y);
        std::uint16_t* to = out.row(y);
        std::int32_t sum = std::accumulate(from, from + reach, 0);
        for (int x = 0; x < out.width; ++x) {
            sum += from[x + reach];
            to[x] = mean.of(sum);
            sum -= from[x];
        }
    }
    return out;
}

/// The same down the columns, a row at a time, as the memory lies.
Plane blurredDown(const Plane& in, int half) {
    const Mean mean(half);
    Plane out(in.width, in.height - 2 * half);
    std::vector<std::int32_t> sums(static_cast<std::size_t>(in.width));
    for (int y = 0; y < 2 * half; ++y) {
        std::transform(sums.begin(), sums.end(), in.row(y), sums.begin(), std::plus<>());
    }
    for (int y = 0; y < out.height; ++y) {
        const std::uint16_t* come = in.row(y + 2 * half);
        const std::uint16_t* gone = in.row(y);
        std::uint16_t* to = out.row(y);
        std::int32_t* sum = sums.data();
        for (int x = 0; x < in.width; ++x) {
            sum[x] += come[x];
            to[x] = mean.of(sum[x]);
            sum[x] -= gone[x];
        }
    }
    return out;
}

}  // namespace

QImage feathered(const QImage& mask, int radius, const QRect& region) {
    if (radius <= 0) {
        return mask.copy(region);
    }
    // Three means in a row are as smooth as a bell curve to the eye, and end where they should.
    Plane plane = withSurroundings(mask, region, radius);
    for (const int half : std::array{(radius + 2) / 3, (radius + 1) / 3, radius / 3}) {
        if (half > 0) {
            plane = blurredDown(blurredAcross(plane, half), half);
        }
    }
    QImage soft(region.size(), QImage::Format_Grayscale8);
    for (int y = 0; y < soft.height(); ++y) {
        const std::uint16_t* from = plane.row(y);
        uchar* to = soft.scanLine(y);
        for (int x = 0; x < soft.width(); ++x) {
            to[x] = static_cast<uchar>((from[x] + (1 << (kFraction - 1))) >> kFraction);
        }
    }
    return soft;
}

}  // namespace easel::ui
