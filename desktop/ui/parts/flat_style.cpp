// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/parts/flat_style.h"

#include <QAbstractSpinBox>
#include <QApplication>
#include <QComboBox>
#include <QKeyEvent>
#include <QLabel>
#include <QPainter>
#include <QScrollBar>
#include <QSlider>
#include <QStyleOption>

#include "desktop/ui/parts/flat_painting.h"
#include "desktop/ui/parts/icons.h"
#include "desktop/ui/parts/measures.h"

namespace easel::ui {

namespace {

/// Of lists and menus.
constexpr int kRowHeight = 28;

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
            if (!spin->stepEnabled.testFlag(step) || !option->state.testFlag(State_Enabled)) {
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
        drawChevron(painter, subControlRect(control, option, SC_ComboBoxArrow, widget), false,
                    option->palette.color(option->state.testFlag(State_Enabled) ? QPalette::PlaceholderText
                                                                                : QPalette::Mid));
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

}  // namespace easel::ui
