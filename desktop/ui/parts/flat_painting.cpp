// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/parts/flat_painting.h"

#include <QPainter>
#include <QWidget>

#include "desktop/ui/parts/measures.h"
#include "desktop/ui/parts/problem_mark.h"

namespace easel::ui {

namespace {

bool has(const QStyleOption* option, QStyle::StateFlag flag) {
    return option->state.testFlag(flag);
}

/// Focus that came by the keyboard is shown everywhere; focus by a click only where text is typed.
bool showsFocus(const QStyleOption* option) {
    return has(option, QStyle::State_HasFocus) && has(option, QStyle::State_KeyboardFocusChange);
}

QRectF inner(const QRect& rect, qreal pen) {
    return QRectF(rect).adjusted(pen / 2, pen / 2, -pen / 2, -pen / 2);
}

void drawBox(QPainter* painter, const QRect& rect, const QColor& fill, const QColor& line, qreal pen = 1) {
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    painter->setBrush(fill);
    painter->setPen(line.alpha() ? QPen(line, pen) : Qt::NoPen);
    painter->drawRoundedRect(inner(rect, line.alpha() ? pen : 0), kRadius, kRadius);
    painter->restore();
}

}  // namespace

void drawFocusRing(QPainter* painter, const QRect& rect, const QPalette& palette) {
    drawBox(painter, rect, Qt::transparent, palette.color(QPalette::Link), 2);
}

void drawField(QPainter* painter, const QStyleOption* option, const QWidget* widget) {
    const QPalette& palette = option->palette;
    const bool wrong = widget && isMarkedWrong(*widget);
    const bool focused = has(option, QStyle::State_HasFocus) && !(widget && widget->isWindow());
    const bool hovered = has(option, QStyle::State_MouseOver) && has(option, QStyle::State_Enabled);
    QColor line = palette.color(hovered ? QPalette::PlaceholderText : QPalette::Dark);
    if (wrong) {
        line = statusColors(palette).bad;
    } else if (focused) {
        line = palette.color(QPalette::Link);
    }
    const QColor fill = palette.color(has(option, QStyle::State_Enabled) ? QPalette::Base : QPalette::Window);
    drawBox(painter, option->rect, fill, line, wrong || focused ? 2 : 1);
}

void drawChevron(QPainter* painter, const QRect& rect, bool up, const QColor& color) {
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    painter->setPen(QPen(color, 1.5, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    const QPointF c = QRectF(rect).center();
    const qreal half = 3.5, rise = up ? -1.75 : 1.75;
    painter->drawPolyline(
        QPolygonF{{c.x() - half, c.y() - rise}, {c.x(), c.y() + rise}, {c.x() + half, c.y() - rise}});
    painter->restore();
}

void drawButton(QPainter* painter, const QStyleOptionButton& option) {
    const QPalette& palette = option.palette;
    const bool accented = option.features.testFlag(QStyleOptionButton::DefaultButton);
    const bool pressed = has(&option, QStyle::State_Sunken) || has(&option, QStyle::State_On);
    const bool hovered = has(&option, QStyle::State_MouseOver) && has(&option, QStyle::State_Enabled);
    if (accented) {
        QColor fill = palette.color(QPalette::Highlight);
        if (pressed) {
            fill = fill.darker(120);
        } else if (hovered) {
            fill = fill.darker(110);
        }
        drawBox(painter, option.rect, fill, Qt::transparent);
    } else if (!option.features.testFlag(QStyleOptionButton::Flat) || pressed || hovered) {
        const auto role = pressed ? QPalette::Mid : hovered ? QPalette::Midlight : QPalette::Button;
        const bool flat = option.features.testFlag(QStyleOptionButton::Flat);
        drawBox(painter, option.rect, palette.color(role),
                flat ? QColor(Qt::transparent) : palette.color(QPalette::Dark));
    }
    if (showsFocus(&option)) {
        drawFocusRing(painter, option.rect, palette);
        if (accented) {  // The ring's colour is the button's own: a gap sets it off.
            drawBox(painter, option.rect.adjusted(2, 2, -2, -2), Qt::transparent,
                    palette.color(QPalette::Window), 2);
        }
    }
}

void drawToolButton(QPainter* painter, const QStyleOption* option) {
    const QPalette& palette = option->palette;
    const bool enabled = has(option, QStyle::State_Enabled);
    if (enabled && (has(option, QStyle::State_Sunken) || has(option, QStyle::State_On))) {
        drawBox(painter, option->rect, palette.color(QPalette::Midlight), palette.color(QPalette::Dark));
    } else if (enabled && has(option, QStyle::State_MouseOver)) {
        drawBox(painter, option->rect, palette.color(QPalette::Midlight), Qt::transparent);
    }
}

void drawQuietButton(QPainter* painter, const QAbstractButton& button) {
    if (button.underMouse() || button.isDown()) {
        drawBox(painter, button.rect(), button.palette().color(QPalette::Midlight), Qt::transparent);
    }
    if (button.hasFocus()) {
        drawFocusRing(painter, button.rect(), button.palette());
    }
}

void drawCheckBox(QPainter* painter, const QStyleOption& option) {
    constexpr qreal kCorner = 3;
    const QPalette& palette = option.palette;
    const bool enabled = has(&option, QStyle::State_Enabled);
    const bool on = has(&option, QStyle::State_On);
    const QRectF box = inner(option.rect, 1);
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    painter->setBrush(palette.color(on && enabled ? QPalette::Highlight : QPalette::Base));
    painter->setPen(QPen(palette.color(!enabled ? QPalette::Mid
                                       : on     ? QPalette::Highlight
                                                : QPalette::Dark),
                         1));
    painter->drawRoundedRect(box, kCorner, kCorner);
    if (on) {
        const auto at = [&](qreal x, qreal y) {
            return box.topLeft() + QPointF(x * box.width(), y * box.height());
        };
        const QColor tick = palette.color(enabled ? QPalette::HighlightedText : QPalette::Dark);
        painter->setPen(QPen(tick, 1.75, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
        painter->drawPolyline(QPolygonF{{at(0.25, 0.52), at(0.43, 0.7), at(0.76, 0.32)}});
    }
    painter->restore();
}

void drawSlider(QPainter* painter, const QStyleOptionSlider& option, const QRect& handle) {
    const QPalette& palette = option.palette;
    const bool enabled = has(&option, QStyle::State_Enabled);
    const bool hovered = has(&option, QStyle::State_MouseOver);
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    painter->setPen(Qt::NoPen);
    const qreal y = QRectF(option.rect).center().y() - 1.5;
    const qreal x = QRectF(handle).center().x();
    painter->setBrush(palette.color(enabled ? QPalette::Dark : QPalette::Mid));
    painter->drawRoundedRect(QRectF(option.rect.left(), y, option.rect.width(), 3), 1.5, 1.5);
    painter->setBrush(palette.color(enabled ? QPalette::Link : QPalette::Dark));
    painter->drawRoundedRect(QRectF(option.rect.left(), y, x - option.rect.left(), 3), 1.5, 1.5);
    painter->setBrush(palette.color(QPalette::Base));
    const QColor edge = palette.color(!enabled ? QPalette::Mid : hovered ? QPalette::Link : QPalette::Dark);
    painter->setPen(QPen(edge, 1.5));
    painter->drawEllipse(QRectF(handle).center(), 7, 7);
    if (showsFocus(&option)) {
        painter->setBrush(Qt::NoBrush);
        painter->setPen(QPen(palette.color(QPalette::Link), 2));
        painter->drawEllipse(QRectF(handle).center(), 9, 9);
    }
    painter->restore();
}

void drawScrollBar(QPainter* painter, const QStyleOptionSlider& option, const QRect& handle) {
    if (option.minimum == option.maximum) {
        return;
    }
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    painter->setPen(Qt::NoPen);
    const bool active = has(&option, QStyle::State_MouseOver) || has(&option, QStyle::State_Sunken);
    painter->setBrush(option.palette.color(active ? QPalette::Dark : QPalette::Mid));
    painter->drawRoundedRect(QRectF(handle.adjusted(3, 3, -3, -3)), 3, 3);
    painter->restore();
}

}  // namespace easel::ui
