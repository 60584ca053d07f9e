// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/paint/mask_overlay.h"

#include <QList>

#include <algorithm>
#include <array>
#include <vector>

namespace easel::ui {

namespace {

constexpr std::array<QRgb, 6> kColors{0xffff2d6f, 0xff12c24a, 0xff2b7bff, 0xffffd21a, 0xffc82bff, 0xff14d8f0};
constexpr int kThickest = 150;  ///< alpha; the picture shows through
constexpr QSize kLook(48, 48);  ///< as many samples of the picture are enough

/// What the eye sees of a difference, roughly: most of it in green.
int difference(QRgb a, QRgb b) {
    const auto square = [](int x) { return x * x; };
    return 2 * square(qRed(a) - qRed(b)) + 4 * square(qGreen(a) - qGreen(b)) +
           3 * square(qBlue(a) - qBlue(b));
}

/// How far all but a twentieth of `pixels` are from `color`, at least.
int distance(const QImage& pixels, QRgb color) {
    std::vector<int> differences;
    for (int y = 0; y < pixels.height(); ++y) {
        for (int x = 0; x < pixels.width(); ++x) {
            differences.push_back(difference(pixels.pixel(x, y), color));
        }
    }
    const auto few = differences.begin() + static_cast<std::ptrdiff_t>(differences.size() / 20);
    std::nth_element(differences.begin(), few, differences.end());
    return *few;
}

}  // namespace

QColor overlayColor(const QImage& picture) {
    const QImage pixels = picture.scaled(kLook, Qt::IgnoreAspectRatio, Qt::SmoothTransformation);
    return *std::max_element(kColors.begin(), kColors.end(),
                             [&](QRgb a, QRgb b) { return distance(pixels, a) < distance(pixels, b); });
}

QImage overlay(const QImage& mask, const QColor& color) {
    // A mask's levels are read as the indices of a table of colours, so nothing is copied.
    QImage veil(mask.constBits(), mask.width(), mask.height(), mask.bytesPerLine(), QImage::Format_Indexed8);
    QList<QRgb> table;
    for (int level = 0; level < 256; ++level) {
        table.append(qRgba(color.red(), color.green(), color.blue(), level * kThickest / 255));
    }
    veil.setColorTable(table);
    return veil;
}

}  // namespace easel::ui
