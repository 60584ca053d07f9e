// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/flat_style.h"

#include <QAbstractSpinBox>
#include <QApplication>
#include <QComboBox>
#include <QKeyEvent>
#include <QLabel>
#include <QPainter>
#include <QScrollBar>
#include <QSlider>
#include <QStyleOption>

#include "desktop/ui/icons.h"
#include "desktop/ui/theme.h"

namespace easel::ui {

namespace {

/// Of lists and menus.
constexpr int kRowHeight = 28;

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

void drawFocusRing(QPainter* painter, const QRect& rect, const QPalette& palette) {
    drawBox(painter, rect, Qt::transparent, palette.color(QPalette::Link), 2);
}

/// The box around everything that takes input.
void drawField(QPainter* painter, const QStyleOption* option, const QWidget* widget) {
    const QPalette& palette = option->palette;
    const bool wrong = widget && widget->property(FlatStyle::kProblem).toBool();
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

void drawScrollBar(QPainter* painter, const QStyleOptionSlider& option, QRect handle) {
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

}  // namespace

FlatStyle::FlatStyle() : QProxyStyle(QStringLiteral("Fusion")) {}

void FlatStyle::polish(QWidget* widget) {
    QProxyStyle::polish(widget);
    if (qobject_cast<QSlider*>(widget) || qobject_cast<QScrollBar*>(widget) ||
        qobject_cast<QAbstractSpinBox*>(widget) || qobject_cast<QComboBox*>(widget)) {
        widget->setAttribute(Qt::WA_Hover);
    }
    // Words of a prompt, a file or a server are never markup; tooltips are labels, too.
    if (auto* label = qobject_cast<QLabel*>(widget); label && label->textFormat() == Qt::AutoText) {
        label->setTextFormat(Qt::PlainText);
    }
}

void FlatStyle::polish(QApplication* app) {
    QProxyStyle::polish(app);
    app->installEventFilter(this);
}

bool FlatStyle::eventFilter(QObject* watched, QEvent* event) {
    const bool isKey = event->type() == QEvent::KeyPress || event->type() == QEvent::KeyRelease;
    if (isKey && static_cast<QKeyEvent*>(event)->key() == Qt::Key_Alt) {
        m_altDown = event->type() == QEvent::KeyPress;
        if (QWidget* window = QApplication::activeWindow()) {
            for (QWidget* part : window->findChildren<QWidget*>()) {
                part->update();
            }
        }
    }
    return QProxyStyle::eventFilter(watched, event);
}

void FlatStyle::drawPrimitive(PrimitiveElement element, const QStyleOption* option, QPainter* painter,
                              const QWidget* widget) const {
    switch (element) {
        case PE_PanelButtonCommand:
            if (const auto* button = qstyleoption_cast<const QStyleOptionButton*>(option)) {
                drawButton(painter, *button);
            }
            return;
        case PE_PanelButtonTool:
            drawToolButton(painter, option);
            return;
        case PE_PanelLineEdit:
            if (!qobject_cast<const QAbstractSpinBox*>(widget ? widget->parentWidget() : nullptr) &&
                !qobject_cast<const QComboBox*>(widget ? widget->parentWidget() : nullptr)) {
                drawField(painter, option, widget);
            }
            return;
        case PE_IndicatorCheckBox:
            drawCheckBox(painter, *option);
            return;
        case PE_FrameLineEdit:
            return;
        case PE_Frame:
            drawField(painter, option, widget);
            return;
        case PE_FrameFocusRect:
            if (!widget || !widget->inherits("QPushButton")) {
                drawFocusRing(painter, option->rect, option->palette);
            }
            return;
        default:
            QProxyStyle::drawPrimitive(element, option, painter, widget);
    }
}

void FlatStyle::drawControl(ControlElement element, const QStyleOption* option, QPainter* painter,
                            const QWidget* widget) const {
    if (element == CE_PushButtonLabel) {
        if (const auto* button = qstyleoption_cast<const QStyleOptionButton*>(option);
            button && button->features.testFlag(QStyleOptionButton::DefaultButton)) {
            QStyleOptionButton accented(*button);
            accented.palette.setBrush(QPalette::ButtonText,
                                      accented.palette.brush(QPalette::HighlightedText));
            QProxyStyle::drawControl(element, &accented, painter, widget);
            return;
        }
    }
    if (element == CE_Splitter) {
        const QRect& r = option->rect;
        painter->fillRect(QRect(r.center().x(), r.top(), 1, r.height()),
                          option->palette.color(QPalette::Mid));
        return;
    }
    QProxyStyle::drawControl(element, option, painter, widget);
}

void FlatStyle::drawComplexControl(ComplexControl control, const QStyleOptionComplex* option,
                                   QPainter* painter, const QWidget* widget) const {
    const auto* slider = qstyleoption_cast<const QStyleOptionSlider*>(option);
    if (control == CC_Slider && slider) {
        drawSlider(painter, *slider, subControlRect(control, option, SC_SliderHandle, widget));
        return;
    }
    if (control == CC_ScrollBar && slider) {
        drawScrollBar(painter, *slider, subControlRect(control, option, SC_ScrollBarSlider, widget));
        return;
    }
    const auto* spin = qstyleoption_cast<const QStyleOptionSpinBox*>(option);
    if (control == CC_SpinBox && spin) {
        drawField(painter, option, widget);
        if (spin->buttonSymbols == QAbstractSpinBox::NoButtons) {
            return;
        }
        const auto color = [&](QAbstractSpinBox::StepEnabledFlag step, SubControl part) {
            if (!spin->stepEnabled.testFlag(step) || !has(option, State_Enabled)) {
                return option->palette.color(QPalette::Mid);
            }
            return option->palette.color(option->activeSubControls == part ? QPalette::Text
                                                                           : QPalette::PlaceholderText);
        };
        drawChevron(painter, subControlRect(control, option, SC_SpinBoxUp, widget), true,
                    color(QAbstractSpinBox::StepUpEnabled, SC_SpinBoxUp));
        drawChevron(painter, subControlRect(control, option, SC_SpinBoxDown, widget), false,
                    color(QAbstractSpinBox::StepDownEnabled, SC_SpinBoxDown));
        return;
    }
    if (control == CC_ComboBox) {
        drawField(painter, option, widget);
        drawChevron(
            painter, subControlRect(control, option, SC_ComboBoxArrow, widget), false,
            option->palette.color(has(option, State_Enabled) ? QPalette::PlaceholderText : QPalette::Mid));
        return;
    }
    QProxyStyle::drawComplexControl(control, option, painter, widget);
}

QRect FlatStyle::subControlRect(ComplexControl control, const QStyleOptionComplex* option, SubControl part,
                                const QWidget* widget) const {
    const QRect& r = option->rect;
    if (control == CC_SpinBox) {
        const auto* spin = qstyleoption_cast<const QStyleOptionSpinBox*>(option);
        const int buttons = spin && spin->buttonSymbols == QAbstractSpinBox::NoButtons ? kUnit : 20;
        switch (part) {
            case SC_SpinBoxUp:
                return {r.right() - buttons - 1, r.top() + 2, buttons, r.height() / 2 - 2};
            case SC_SpinBoxDown:
                return {r.right() - buttons - 1, r.center().y() + 1, buttons, r.height() / 2 - 2};
            case SC_SpinBoxEditField:
                return r.adjusted(4, 2, -buttons - 2, -2);
            default:
                break;
        }
    }
    if (control == CC_ScrollBar) {
        const auto* bar = qstyleoption_cast<const QStyleOptionSlider*>(option);
        if (bar && part != SC_None) {
            const bool across = bar->orientation == Qt::Horizontal;
            const int length = across ? r.width() : r.height();
            const int range = bar->maximum - bar->minimum;
            const int handle = range ? std::max(kControlHeight,
                                                int(qint64(length) * bar->pageStep / (range + bar->pageStep)))
                                     : length;
            const int start = sliderPositionFromValue(bar->minimum, bar->maximum, bar->sliderPosition,
                                                      length - handle, bar->upsideDown);
            const auto span = [&](int from, int size) {
                return across ? QRect(from, r.top(), size, r.height())
                              : QRect(r.left(), from, r.width(), size);
            };
            switch (part) {
                case SC_ScrollBarSlider:
                    return span(start, handle);
                case SC_ScrollBarGroove:
                    return r;
                case SC_ScrollBarSubPage:
                    return span(0, start);
                case SC_ScrollBarAddPage:
                    return span(start + handle, length - start - handle);
                default:
                    return {};  // No arrows.
            }
        }
    }
    return QProxyStyle::subControlRect(control, option, part, widget);
}

QRect FlatStyle::subElementRect(SubElement element, const QStyleOption* option, const QWidget* widget) const {
    const QRect rect = QProxyStyle::subElementRect(element, option, widget);
    const auto* frame = qstyleoption_cast<const QStyleOptionFrame*>(option);
    if (element == SE_LineEditContents && frame && frame->lineWidth > 0) {
        return rect.adjusted(kUnit / 2, 0, -kUnit / 2, 0);
    }
    return rect;
}

QSize FlatStyle::sizeFromContents(ContentsType type, const QStyleOption* option, const QSize& size,
                                  const QWidget* widget) const {
    QSize result = QProxyStyle::sizeFromContents(type, option, size, widget);
    switch (type) {
        case CT_PushButton:
        case CT_LineEdit:
        case CT_SpinBox:
        case CT_ComboBox:
            result.setHeight(std::max(option->fontMetrics.height() + kUnit, kControlHeight));
            break;
        case CT_ToolButton:
            result = result.expandedTo({kControlHeight, kControlHeight});
            break;
        case CT_ItemViewItem:
            result.setHeight(std::max(result.height(), kRowHeight));
            break;
        case CT_MenuItem:
            if (const auto* item = qstyleoption_cast<const QStyleOptionMenuItem*>(option);
                item && item->menuItemType != QStyleOptionMenuItem::Separator) {
                result.setHeight(std::max(result.height(), kRowHeight));
            }
            break;
        default:
            break;
    }
    return result;
}

int FlatStyle::pixelMetric(PixelMetric metric, const QStyleOption* option, const QWidget* widget) const {
    switch (metric) {
        case PM_ButtonMargin:
            return kMargin;
        case PM_ButtonIconSize:
        case PM_SmallIconSize:
        case PM_ToolBarIconSize:
            return kIconSize;
        case PM_ButtonShiftHorizontal:
        case PM_ButtonShiftVertical:
            return 0;
        case PM_ScrollBarExtent:
            return 12;
        case PM_ScrollBarSliderMin:
            return kControlHeight;
        case PM_SliderThickness:
        case PM_SliderControlThickness:
        case PM_SliderLength:
            return 20;
        case PM_SplitterWidth:
            return 1;  // Qt makes the part that can be grabbed wider by itself.
        case PM_LayoutHorizontalSpacing:
        case PM_LayoutVerticalSpacing:
            return kUnit;
        case PM_LayoutLeftMargin:
        case PM_LayoutRightMargin:
        case PM_LayoutTopMargin:
        case PM_LayoutBottomMargin:
            return kMargin;
        default:
            return QProxyStyle::pixelMetric(metric, option, widget);
    }
}

QIcon FlatStyle::standardIcon(StandardPixmap pixmap, const QStyleOption* option,
                              const QWidget* widget) const {
    if (pixmap == SP_LineEditClearButton) {
        return icon(QStringLiteral("close"));
    }
    return QProxyStyle::standardIcon(pixmap, option, widget);
}

int FlatStyle::styleHint(StyleHint hint, const QStyleOption* option, const QWidget* widget,
                         QStyleHintReturn* result) const {
    switch (hint) {
        case SH_UnderlineShortcut:
            return m_altDown;
        case SH_EtchDisabledText:
        case SH_ComboBox_Popup:
            return 0;
        case SH_Slider_AbsoluteSetButtons:
            return Qt::LeftButton;
        default:
            return QProxyStyle::styleHint(hint, option, widget, result);
    }
}

void markProblem(QWidget* widget, bool wrong) {
    widget->setProperty(FlatStyle::kProblem, wrong);
    widget->update();
}

}  // namespace easel::ui
