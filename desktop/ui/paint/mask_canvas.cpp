// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/paint/mask_canvas.h"

#include <QPaintEvent>
#include <QPainter>

#include <algorithm>

#include "desktop/ui/paint/mask_feather.h"
#include "desktop/ui/paint/mask_overlay.h"
#include "desktop/ui/parts/flat_painting.h"
#include "desktop/ui/parts/measures.h"

// How it looks; what the person does there is in mask_canvas_input.cpp.
namespace easel::ui {

namespace {

/// At first the brush is this part of the picture's short side.
constexpr int kBrushPart = 12;
/// Each step makes the brush an eighth larger or smaller.
constexpr int kBrushStep = 8;
/// A ring that is smaller on the screen can't be seen: a cross stands there instead.
constexpr double kSmallestRing = 6;

}  // namespace

MaskCanvas::MaskCanvas(const QImage& picture, MaskImage& mask, QWidget* parent)
    : QWidget(parent),
      m_picture(picture.convertToFormat(picture.hasAlphaChannel() ? QImage::Format_ARGB32_Premultiplied
                                                                  : QImage::Format_RGB32)),
      m_mask(mask),
      m_color(overlayColor(m_picture)),
      m_place(*this),
      m_brush(std::clamp(std::min(picture.width(), picture.height()) / kBrushPart, 1, kLargestBrush)) {
    setMinimumSize(240, 240);
    setAttribute(Qt::WA_OpaquePaintEvent);
    setMouseTracking(true);
    setFocusPolicy(Qt::StrongFocus);
    m_place.setPixels(picture.size());
    showCursor();
}

void MaskCanvas::setTool(Tool tool) {
    m_tool = tool;
    showCursor();
    update(ringRect());
}

void MaskCanvas::setBrush(int pixels) {
    const int wanted = std::clamp(pixels, 1, kLargestBrush);
    if (wanted == m_brush) {
        return;
    }
    update(ringRect());
    m_brush = wanted;
    update(ringRect());
    showCursor();
    Q_EMIT brushChanged(m_brush);
}

void MaskCanvas::growBrush() {
    setBrush(m_brush + std::max(1, m_brush / kBrushStep));
}

void MaskCanvas::shrinkBrush() {
    setBrush(m_brush - std::max(1, m_brush / (kBrushStep + 1)));
}

void MaskCanvas::setFeather(int pixels) {
    m_feather = pixels;
    m_soft = pixels > 0 ? QImage(m_mask.image().size(), QImage::Format_Grayscale8) : QImage();
    m_unsoft = m_soft.rect();
    update();
}

void MaskCanvas::showChange(const QRect& part) {
    if (part.isEmpty()) {
        return;
    }
    const QRect changed = part.adjusted(-m_feather, -m_feather, m_feather, m_feather);
    m_unsoft |= changed.intersected(m_soft.rect());
    // Enlarged smoothly, a pixel reaches into its neighbours.
    const QRectF wide = QRectF(changed).adjusted(-1, -1, 1, 1);
    const double scale = m_place.scale();
    update(QRectF(m_place.corner() + wide.topLeft() * scale, wide.size() * scale).toAlignedRect());
}

const QImage& MaskCanvas::shown() {
    // Not before it is looked at: many moves of the mouse make one picture on the screen.
    if (!m_unsoft.isEmpty()) {
        QPainter painter(&m_soft);
        painter.setCompositionMode(QPainter::CompositionMode_Source);
        painter.drawImage(m_unsoft.topLeft(), feathered(m_mask.image(), m_feather, m_unsoft));
        m_unsoft = {};
    }
    return m_feather > 0 ? m_soft : m_mask.image();
}

void MaskCanvas::fit() {
    m_place.fit();
    showPlace();
}

void MaskCanvas::actualSize() {
    m_place.actualSize();
    showPlace();
}

void MaskCanvas::zoomBy(double factor) {
    m_place.zoomBy(factor, m_pointer.value_or(QRectF(rect()).center()));
    showPlace();
}

void MaskCanvas::showPlace() {
    showCursor();
    update();
    Q_EMIT zoomChanged();
}

void MaskCanvas::showCursor() {
    if (m_grabbed) {
        setCursor(Qt::ClosedHandCursor);
    } else if (m_spaceHeld) {
        setCursor(Qt::OpenHandCursor);
    } else {
        const bool ring = m_tool != Tool::Fill && m_brush * m_place.scale() >= kSmallestRing;
        setCursor(ring ? Qt::BlankCursor : Qt::CrossCursor);
    }
}

const QImage& MaskCanvas::pictureAsShown() {
    if (m_place.zoom() >= 1) {
        m_reduced = {};
        return m_picture;
    }
    const QSize size = (m_place.area().size() * devicePixelRatioF()).toSize().expandedTo({1, 1});
    if (m_reduced.size() != size) {
        m_reduced = m_picture.scaled(size, Qt::IgnoreAspectRatio, Qt::SmoothTransformation);
    }
    return m_reduced;
}

void MaskCanvas::paintEvent(QPaintEvent* event) {
    QPainter painter(this);
    painter.fillRect(event->rect(), pictureGround(palette()));
    const QRectF area = m_place.area();
    painter.setRenderHint(QPainter::SmoothPixmapTransform, !m_place.showsPixels());
    painter.drawImage(area, pictureAsShown());
    painter.drawImage(area, overlay(shown(), m_color));
    paintRing(painter);
    if (hasFocus() && window()->testAttribute(Qt::WA_KeyboardFocusChange)) {
        drawFocusRing(&painter, rect(), palette());
    }
}

QRect MaskCanvas::ringRect() const {
    if (!m_pointer) {
        return {};
    }
    const double reach = std::max(m_brush * m_place.scale(), kSmallestRing) / 2 + 2;
    return QRectF(*m_pointer, QSizeF()).adjusted(-reach, -reach, reach, reach).toAlignedRect();
}

void MaskCanvas::paintRing(QPainter& painter) const {
    if (!m_pointer || m_grabbed || m_spaceHeld) {
        return;
    }
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setBrush(Qt::NoBrush);
    const double across = m_tool == Tool::Fill ? kSmallestRing : m_brush * m_place.scale();
    const double half = std::max(across, kSmallestRing) / 2;
    // Black around white is seen on anything.
    painter.setPen(QPen(QColor(0, 0, 0, 200), 1));
    painter.drawEllipse(*m_pointer, half + 0.5, half + 0.5);
    painter.setPen(QPen(Qt::white, 1));
    painter.drawEllipse(*m_pointer, half - 0.5, half - 0.5);
}

}  // namespace easel::ui
