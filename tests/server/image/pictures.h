// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QFile>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "server/image/decode.h"

/// The pictures of tests/reference/pictures.py.
namespace easel::tests {

inline std::vector<std::uint8_t> pictureFile(const QString& name) {
    QFile file(QStringLiteral(EASEL_SOURCE_DIR "/tests/fixtures/pictures/") + name);
    if (!file.open(QIODevice::ReadOnly)) {
        qFatal("%s is missing", qPrintable(name));
    }
    const QByteArray bytes = file.readAll();
    return {bytes.begin(), bytes.end()};
}

inline image::Picture pictureIn(const QString& name) {
    return image::decode(pictureFile(name), {}).value();
}

inline image::Plane planeIn(const QString& name) {
    const image::Image image = pictureIn(name).image;
    image::Plane plane{image.width, image.height, {}};
    for (std::size_t i = 0; i < image.rgb.size(); i += 3) {
        plane.values.push_back(image.rgb[i]);
    }
    return plane;
}

/// The greatest difference of two values at the same place.
inline int furthest(const std::vector<std::uint8_t>& a, const std::vector<std::uint8_t>& b) {
    int furthest = a.size() == b.size() ? 0 : 256;
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
        furthest = std::max(furthest, std::abs(a[i] - b[i]));
    }
    return furthest;
}

}  // namespace easel::tests
