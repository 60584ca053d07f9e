// SPDX-License-Identifier: Apache-2.0
#include <QKeyEvent>
#include <QMouseEvent>
#include <QTabletEvent>
#include <QWheelEvent>

#include <algorithm>
#include <cmath>

#include "desktop/ui/paint/mask_canvas.h"

// What the person does on it.
namespace easel::ui {

namespace {

/// An arrow key moves the brush by this part of it.
constexpr double kKeyStep = 0.25;
/// However lightly a pen is put down, something is painted.
constexpr double kLeastPressure = 0.05;

}  // namespace

void MaskCanvas::begin(const QPointF& at, double pressure, Ink ink, bool straight) {
    const QPointF here = inPicture(at);
    m_stroke = Stroke{straight && m_last ? *m_last : here, ink};
    goOn(at, pressure);
}

void MaskCanvas::goOn(const QPointF& at, double pressure) {
    const QPointF here = inPicture(at);
    const double width = std::max(1.0, m_brush * std::max(pressure, kLeastPressure));
    showChange(m_mask.stroke(m_stroke->at, here, width, m_stroke->ink));
    m_stroke->at = here;
}

void MaskCanvas::end() {
    m_mask.endStroke();
    m_last = m_stroke->at;
    m_stroke.reset();
    Q_EMIT painted();
}

void MaskCanvas::resizeEvent(QResizeEvent*) {
    m_place.settle();
    showPlace();
}

void MaskCanvas::movePointer(std::optional<QPointF> to) {
    update(ringRect());
    m_pointer = to;
    update(ringRect());
}

void MaskCanvas::wheelEvent(QWheelEvent* event) {
    const int angle = event->angleDelta().y();
    if (!event->modifiers().testFlag(Qt::ControlModifier)) {
        m_place.zoomByWheel(angle, event->position());
        showPlace();
    } else if (angle > 0) {
        growBrush();
    } else if (angle < 0) {
        shrinkBrush();
    }
    event->accept();
}

void MaskCanvas::mousePressEvent(QMouseEvent* event) {
    if (m_stroke || m_grabbed) {
        return;
    }
    movePointer(event->position());
    const bool left = event->button() == Qt::LeftButton;
    if (event->button() == Qt::MiddleButton || (left && m_spaceHeld)) {
        m_grabbed = event->position() - m_place.corner();
        showCursor();
        update(ringRect());
    } else if (left && m_tool == Tool::Fill) {
        flood(event->position());
    } else if (left) {
        begin(event->position(), 1, ink(), event->modifiers().testFlag(Qt::ShiftModifier));
    }
}

void MaskCanvas::flood(const QPointF& at) {
    const QPointF here = inPicture(at);
    const QRect changed =
        m_mask.flood({static_cast<int>(std::floor(here.x())), static_cast<int>(std::floor(here.y()))});
    if (!changed.isEmpty()) {
        showChange(changed);
        Q_EMIT painted();
    }
}

/// The button is up, whether that was told or not: a question that came meanwhile would have swallowed it.
void MaskCanvas::letGo() {
    if (m_grabbed) {
        m_grabbed.reset();
        showCursor();
        update(ringRect());
    }
    if (m_stroke) {
        end();
    }
}

void MaskCanvas::mouseMoveEvent(QMouseEvent* event) {
    if (event->buttons() == Qt::NoButton) {
        letGo();
    }
    if (m_grabbed) {
        m_place.moveTo(event->position() - *m_grabbed);
        update();
    }
    movePointer(event->position());
    if (m_stroke) {
        goOn(event->position(), 1);
    }
}

void MaskCanvas::mouseReleaseEvent(QMouseEvent* event) {
    if (!(event->buttons() & (Qt::LeftButton | Qt::MiddleButton))) {
        letGo();
    }
}

void MaskCanvas::tabletEvent(QTabletEvent* event) {
    // Filling and moving are no strokes: those come as mouse events when this is not taken.
    if (!m_stroke && (m_tool == Tool::Fill || m_spaceHeld || event->button() == Qt::MiddleButton)) {
        event->ignore();
        return;
    }
    movePointer(event->position());
    const bool erases = event->pointerType() == QPointingDevice::PointerType::Eraser;
    switch (event->type()) {
        case QEvent::TabletPress:
            if (!m_stroke && event->button() == Qt::LeftButton) {
                begin(event->position(), event->pressure(), erases ? Ink::Erase : ink(),
                      event->modifiers().testFlag(Qt::ShiftModifier));
            }
            break;
        case QEvent::TabletMove:
            if (m_stroke) {
                goOn(event->position(), event->pressure());
            }
            break;
        case QEvent::TabletRelease:
            if (m_stroke) {
                end();
            }
            break;
        default:
            break;
    }
    event->accept();
}

void MaskCanvas::leaveEvent(QEvent*) {
    movePointer({});
}

bool MaskCanvas::moveByKey(QKeyEvent* event) {
    QPointF way;
    switch (event->key()) {
        case Qt::Key_Left:
            way = {-1, 0};
            break;
        case Qt::Key_Right:
            way = {1, 0};
            break;
        case Qt::Key_Up:
            way = {0, -1};
            break;
        case Qt::Key_Down:
            way = {0, 1};
            break;
        default:
            return false;
    }
    const bool fine = event->modifiers().testFlag(Qt::ControlModifier);
    const double step = (fine ? 1 : std::max(1.0, m_brush * kKeyStep)) * m_place.scale();
    const QPointF from = inPicture(m_pointer.value_or(QRectF(rect()).center()));
    const QPointF to = m_pointer.value_or(QRectF(rect()).center()) + way * step;
    const QRectF area = m_place.area();
    const QPointF wanted(std::clamp(to.x(), area.left(), area.right()),
                         std::clamp(to.y(), area.top(), area.bottom()));
    const QPointF inSight(std::clamp(wanted.x(), 0.0, 1.0 * width()),
                          std::clamp(wanted.y(), 0.0, 1.0 * height()));
    if (inSight != wanted) {
        m_place.moveTo(m_place.corner() + inSight - wanted);
        update();
    }
    movePointer(inSight);
    if (event->modifiers().testFlag(Qt::ShiftModifier) && m_tool != Tool::Fill && !m_stroke) {
        m_last = from;
        begin(inSight, 1, ink(), true);
        end();
    }
    return true;
}

void MaskCanvas::keyPressEvent(QKeyEvent* event) {
    if (event->key() == Qt::Key_Space) {
        m_spaceHeld = true;
        showCursor();
        update(ringRect());
        return;
    }
    if (moveByKey(event)) {
        return;
    }
    if (event->key() != Qt::Key_Return && event->key() != Qt::Key_Enter) {
        QWidget::keyPressEvent(event);
        return;
    }
    if (!m_pointer) {
        movePointer(QRectF(rect()).center());
    }
    if (m_tool == Tool::Fill) {
        flood(*m_pointer);
    } else if (!m_stroke) {
        begin(*m_pointer, 1, ink(), false);
        end();
    }
}

void MaskCanvas::keyReleaseEvent(QKeyEvent* event) {
    if (event->key() == Qt::Key_Space && !event->isAutoRepeat()) {
        m_spaceHeld = false;
        showCursor();
        update(ringRect());
        return;
    }
    QWidget::keyReleaseEvent(event);
}

void MaskCanvas::focusOutEvent(QFocusEvent* event) {
    m_spaceHeld = false;
    showCursor();
    QWidget::focusOutEvent(event);
}

}  // namespace easel::ui
