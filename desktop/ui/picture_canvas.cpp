// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/picture_canvas.h"

#include <QMouseEvent>
#include <QPainter>
#include <QWheelEvent>

#include <algorithm>
#include <cmath>

#include "desktop/ui/theme.h"

namespace easel::ui {

namespace {

constexpr double kClosest = 32;  ///< screen pixels for one of the picture
constexpr double kFarthest = 0.05;
constexpr double kPixelsFrom = 3;  ///< from this zoom on single pixels are shown as squares
constexpr double kWheelStep = 1.2;

/// Small pictures are enlarged to fit, but not beyond recognition.
constexpr double kLargestFit = 8;

}  // namespace

PictureCanvas::PictureCanvas(QWidget* parent) : QWidget(parent) {
    setMinimumSize(160, 160);
    setAttribute(Qt::WA_OpaquePaintEvent);
}

void PictureCanvas::setImage(const QImage& image, const QString& message) {
    m_image = image;
    m_message = message;
    fit();
}

void PictureCanvas::fit() {
    m_fitted = true;
    m_scale = fittingScale();
    keepInSight();
    update();
    Q_EMIT zoomChanged();
}

void PictureCanvas::actualSize() {
    setScale(1 / devicePixelRatioF(), QRectF(rect()).center());
}

void PictureCanvas::zoomBy(double factor, const QPointF& at) {
    setScale(m_scale * factor, at);
}

double PictureCanvas::zoom() const {
    return m_scale * devicePixelRatioF();
}

double PictureCanvas::fittingScale() const {
    if (m_image.isNull())
        return 1;
    const QSizeF room = QSizeF(size()) - QSizeF(4 * kUnit, 4 * kUnit);
    const double scale = std::min(room.width() / m_image.width(), room.height() / m_image.height());
    return std::clamp(scale, kFarthest, kLargestFit / devicePixelRatioF());
}

void PictureCanvas::setScale(double scale, const QPointF& at) {
    if (m_image.isNull())
        return;
    const double wanted =
        std::clamp(scale, std::min(kFarthest, fittingScale()), kClosest / devicePixelRatioF());
    m_origin = at - (at - m_origin) * (wanted / m_scale);
    m_scale = wanted;
    m_fitted = false;
    keepInSight();
    update();
    Q_EMIT zoomChanged();
}

QSizeF PictureCanvas::shownSize() const {
    return QSizeF(m_image.size()) * m_scale;
}

void PictureCanvas::keepInSight() {
    const QSizeF shown = shownSize();
    const auto place = [](double origin, double picture, double room) {
        return picture <= room ? (room - picture) / 2 : std::clamp(origin, room - picture, 0.0);
    };
    m_origin = {place(m_origin.x(), shown.width(), width()), place(m_origin.y(), shown.height(), height())};
}

void PictureCanvas::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.fillRect(rect(), pictureGround(palette()));
    if (m_image.isNull()) {
        painter.setPen(palette().color(QPalette::PlaceholderText));
        painter.drawText(rect(), Qt::AlignCenter, m_message);
        return;
    }
    painter.setRenderHint(QPainter::SmoothPixmapTransform, zoom() < kPixelsFrom || m_fitted);
    painter.drawImage(QRectF(m_origin, shownSize()), m_image);
}

void PictureCanvas::resizeEvent(QResizeEvent*) {
    if (m_fitted)
        fit();
    else
        keepInSight();
}

void PictureCanvas::wheelEvent(QWheelEvent* event) {
    zoomBy(std::pow(kWheelStep, event->angleDelta().y() / 120.0), event->position());
    event->accept();
}

void PictureCanvas::mousePressEvent(QMouseEvent* event) {
    if (event->button() != Qt::LeftButton)
        return;
    m_grabbed = event->position() - m_origin;
    if (!m_fitted)
        setCursor(Qt::ClosedHandCursor);
}

void PictureCanvas::mouseMoveEvent(QMouseEvent* event) {
    if (!event->buttons().testFlag(Qt::LeftButton) || m_fitted)
        return;
    m_origin = event->position() - m_grabbed;
    keepInSight();
    update();
}

void PictureCanvas::mouseReleaseEvent(QMouseEvent*) {
    unsetCursor();
}

void PictureCanvas::mouseDoubleClickEvent(QMouseEvent* event) {
    if (m_fitted)
        setScale(1 / devicePixelRatioF(), event->position());
    else
        fit();
}

}  // namespace easel::ui
