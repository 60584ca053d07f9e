// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/parts/picture_place.h"

#include <QWidget>

#include <algorithm>
#include <cmath>

#include "desktop/ui/parts/measures.h"

namespace easel::ui {

namespace {

constexpr double kClosest = 32;  ///< screen pixels for one of the picture
constexpr double kFarthest = 0.05;
constexpr double kPixelsFrom = 3;  ///< from this zoom on single pixels are shown as squares
constexpr double kWheelStep = 1.2;
constexpr double kNotch = 120;  ///< of a wheel, in eighths of a degree

/// Small pictures are enlarged to fit, but not beyond recognition.
constexpr double kLargestFit = 8;

}  // namespace

void PicturePlace::fit() {
    m_fitted = true;
    m_scale = fittingScale();
    keepInSight();
}

void PicturePlace::actualSize() {
    setScale(1 / m_widget.devicePixelRatioF(), QRectF(m_widget.rect()).center());
}

void PicturePlace::zoomBy(double factor, const QPointF& at) {
    setScale(m_scale * factor, at);
}

void PicturePlace::zoomByWheel(int angle, const QPointF& at) {
    zoomBy(std::pow(kWheelStep, angle / kNotch), at);
}

void PicturePlace::moveTo(const QPointF& corner) {
    m_corner = corner;
    keepInSight();
}

void PicturePlace::settle() {
    if (m_fitted) {
        fit();
    } else {
        keepInSight();
    }
}

bool PicturePlace::showsPixels() const {
    return zoom() >= kPixelsFrom && !m_fitted;
}

double PicturePlace::zoom() const {
    return m_scale * m_widget.devicePixelRatioF();
}

QRectF PicturePlace::area() const {
    return {m_corner, QSizeF(m_pixels) * m_scale};
}

double PicturePlace::fittingScale() const {
    if (m_pixels.isEmpty()) {
        return 1;
    }
    const QSizeF room = QSizeF(m_widget.size()) - QSizeF(4 * kUnit, 4 * kUnit);
    const double scale = std::min(room.width() / m_pixels.width(), room.height() / m_pixels.height());
    return std::min(scale, kLargestFit / m_widget.devicePixelRatioF());
}

void PicturePlace::setScale(double scale, const QPointF& at) {
    const double wanted =
        std::clamp(scale, std::min(kFarthest, fittingScale()), kClosest / m_widget.devicePixelRatioF());
    m_corner = at - (at - m_corner) * (wanted / m_scale);
    m_scale = wanted;
    m_fitted = false;
    keepInSight();
}

void PicturePlace::keepInSight() {
    const QSizeF shown = area().size();
    const auto place = [](double corner, double picture, double room) {
        return picture <= room ? (room - picture) / 2 : std::clamp(corner, room - picture, 0.0);
    };
    m_corner = {place(m_corner.x(), shown.width(), m_widget.width()),
                place(m_corner.y(), shown.height(), m_widget.height())};
}

}  // namespace easel::ui
