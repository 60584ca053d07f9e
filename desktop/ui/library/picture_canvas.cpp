// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/library/picture_canvas.h"

#include <QApplication>
#include <QMouseEvent>
#include <QPainter>
#include <QWheelEvent>

#include "desktop/ui/parts/measures.h"

namespace easel::ui {

PictureCanvas::PictureCanvas(QWidget* parent) : QWidget(parent), m_place(*this) {
    setMinimumSize(160, 160);
    setAttribute(Qt::WA_OpaquePaintEvent);
}

void PictureCanvas::setImage(const QImage& image, const QSize& pixels, const QString& message) {
    const QSize before = m_place.pixels();
    m_image = image;
    m_place.setPixels(pixels.isEmpty() ? image.size() : pixels);
    m_message = message;
    if (!m_place.isFitted() && m_place.pixels() == before) {
        update();
    } else {
        fit();
    }
}

void PictureCanvas::fit() {
    m_place.fit();
    showPlace();
}

void PictureCanvas::actualSize() {
    if (!m_image.isNull()) {
        m_place.actualSize();
        showPlace();
    }
}

void PictureCanvas::zoomBy(double factor, const QPointF& at) {
    if (!m_image.isNull()) {
        m_place.zoomBy(factor, at);
        showPlace();
    }
}

void PictureCanvas::showPlace() {
    update();
    Q_EMIT zoomChanged();
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
    const QRectF area = m_place.area();
    if (m_image.hasAlphaChannel()) {
        paintChecks(painter, area);
    }
    painter.setRenderHint(QPainter::SmoothPixmapTransform, !m_place.showsPixels());
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
    m_place.settle();
    showPlace();
}

void PictureCanvas::wheelEvent(QWheelEvent* event) {
    if (!m_image.isNull()) {
        m_place.zoomByWheel(event->angleDelta().y(), event->position());
        showPlace();
    }
    event->accept();
}

void PictureCanvas::mousePressEvent(QMouseEvent* event) {
    if (event->button() != Qt::LeftButton) {
        return;
    }
    m_grabbed = event->position() - m_place.corner();
    m_pressed = event->position();
    if (!m_place.isFitted()) {
        setCursor(Qt::ClosedHandCursor);
    }
}

void PictureCanvas::mouseMoveEvent(QMouseEvent* event) {
    if (!event->buttons().testFlag(Qt::LeftButton)) {
        return;
    }
    if (m_place.isFitted()) {
        if ((event->position() - m_pressed).manhattanLength() >= QApplication::startDragDistance()) {
            Q_EMIT dragRequested();
        }
        return;
    }
    m_place.moveTo(event->position() - m_grabbed);
    update();
}

void PictureCanvas::mouseReleaseEvent(QMouseEvent*) {
    unsetCursor();
}

void PictureCanvas::mouseDoubleClickEvent(QMouseEvent* event) {
    if (m_place.isFitted()) {
        zoomBy(1 / m_place.zoom(), event->position());
    } else {
        fit();
    }
}

}  // namespace easel::ui
