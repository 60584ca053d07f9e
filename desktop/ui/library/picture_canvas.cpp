// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/library/picture_canvas.h"

#include <QApplication>
#include <QMouseEvent>
#include <QPainter>
#include <QWheelEvent>

#include <algorithm>
#include <cmath>

#include "desktop/ui/parts/measures.h"

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

void PictureCanvas::setImage(const QImage& image, const QSize& pixels, const QString& message) {
    const bool keep = !m_fitted && pixels == m_pixels;
    m_image = image;
    m_pixels = pixels.isEmpty() ? image.size() : pixels;
    m_message = message;
    if (keep) {
        update();
    } else {
        fit();
    }
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
    if (m_image.isNull()) {
        return 1;
    }
    const QSizeF room = QSizeF(size()) - QSizeF(4 * kUnit, 4 * kUnit);
    const double scale = std::min(room.width() / m_pixels.width(), room.height() / m_pixels.height());
    return std::min(scale, kLargestFit / devicePixelRatioF());
}

void PictureCanvas::setScale(double scale, const QPointF& at) {
    if (m_image.isNull()) {
        return;
    }
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
    return QSizeF(m_pixels) * m_scale;
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
        painter.drawText(rect().adjusted(kMargin, kMargin, -kMargin, -kMargin),
                         Qt::AlignCenter | Qt::TextWordWrap, m_message);
        return;
    }
    const QRectF area(m_origin, shownSize());
    if (m_image.hasAlphaChannel()) {
        paintChecks(painter, area);
    }
    painter.setRenderHint(QPainter::SmoothPixmapTransform, zoom() < kPixelsFrom || m_fitted);
    painter.drawImage(area, m_image);
    if (!m_message.isEmpty()) {
        paintMessage(painter);
    }
}

void PictureCanvas::paintChecks(QPainter& painter, const QRectF& area) const {
    const bool dark = isDark(palette());
    const QRect shown = area.toAlignedRect().intersected(rect());
    painter.fillRect(shown, dark ? QColor(0x5a5a5a) : QColor(0xffffff));
    // The squares belong to the window, not to the picture: they keep their size and place while it moves.
    for (int y = shown.top() / kUnit; y * kUnit <= shown.bottom(); ++y) {
        for (int x = shown.left() / kUnit; x * kUnit <= shown.right(); ++x) {
            if ((x + y) % 2 == 0) {
                painter.fillRect(QRect(x * kUnit, y * kUnit, kUnit, kUnit).intersected(shown),
                                 dark ? QColor(0x484848) : QColor(0xd0d0d0));
            }
        }
    }
}

void PictureCanvas::paintMessage(QPainter& painter) const {
    const QRect room = rect().adjusted(kMargin, kMargin, -kMargin, -kMargin);
    const int flags = Qt::AlignHCenter | Qt::AlignBottom | Qt::TextWordWrap;
    const QRect words = painter.boundingRect(room, flags, m_message);
    painter.fillRect(words.adjusted(-kUnit, -kUnit / 2, kUnit, kUnit / 2), palette().color(QPalette::Base));
    painter.setPen(palette().color(QPalette::Text));
    painter.drawText(room, flags, m_message);
}

void PictureCanvas::resizeEvent(QResizeEvent*) {
    if (m_fitted) {
        fit();
    } else {
        keepInSight();
    }
}

void PictureCanvas::wheelEvent(QWheelEvent* event) {
    zoomBy(std::pow(kWheelStep, event->angleDelta().y() / 120.0), event->position());
    event->accept();
}

void PictureCanvas::mousePressEvent(QMouseEvent* event) {
    if (event->button() != Qt::LeftButton) {
        return;
    }
    m_grabbed = event->position() - m_origin;
    m_pressed = event->position();
    if (!m_fitted) {
        setCursor(Qt::ClosedHandCursor);
    }
}

void PictureCanvas::mouseMoveEvent(QMouseEvent* event) {
    if (!event->buttons().testFlag(Qt::LeftButton)) {
        return;
    }
    if (m_fitted) {
        if ((event->position() - m_pressed).manhattanLength() >= QApplication::startDragDistance()) {
            Q_EMIT dragRequested();
        }
        return;
    }
    m_origin = event->position() - m_grabbed;
    keepInSight();
    update();
}

void PictureCanvas::mouseReleaseEvent(QMouseEvent*) {
    unsetCursor();
}

void PictureCanvas::mouseDoubleClickEvent(QMouseEvent* event) {
    if (m_fitted) {
        setScale(1 / devicePixelRatioF(), event->position());
    } else {
        fit();
    }
}

}  // namespace easel::ui
