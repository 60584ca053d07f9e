// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/panel/size_field.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QSignalBlocker>
#include <QToolButton>

#include "desktop/ui/parts/icons.h"
#include "desktop/ui/parts/measures.h"
#include "desktop/ui/parts/number_box.h"
#include "desktop/ui/parts/wheel_guard.h"
#include "shared/protocol/server_info.h"

namespace easel::ui {

namespace {

/// Long side of the landscape and portrait shapes, in short sides: that of a photograph.
constexpr double kLongSide = 1.5;

QSpinBox* sideBox(const char* name, const QString& title, QWidget* parent) {
    auto* box = new WholeBox(parent);
    box->setObjectName(name);
    box->setAccessibleName(title);
    box->setToolTip(title);
    box->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    box->setMinimumWidth(64);
    // A number that is typed passes through values that are no multiples: it settles when it is complete.
    box->setKeyboardTracking(false);
    new WheelGuard(box);
    return box;
}

}  // namespace

SizeField::SizeField(QWidget* parent)
    : QWidget(parent),
      m_square(addShape("squareButton", QStringLiteral("square"))),
      m_landscape(addShape("landscapeButton", QStringLiteral("landscape"))),
      m_portrait(addShape("portraitButton", QStringLiteral("portrait"))),
      m_swap(addShape("swapButton", QStringLiteral("swap"))),
      m_width(sideBox("widthBox", tr("Width in pixels"), this)),
      m_height(sideBox("heightBox", tr("Height in pixels"), this)) {
    m_swap->setCheckable(false);
    m_swap->setToolTip(tr("Swap width and height"));
    m_swap->setAccessibleName(m_swap->toolTip());

    auto* shapes = new QHBoxLayout;
    shapes->setSpacing(kUnit / 2);
    for (QToolButton* button : {m_square, m_landscape, m_portrait}) {
        shapes->addWidget(button);
    }
    shapes->addStretch();
    shapes->addWidget(m_swap);

    auto* numbers = new QHBoxLayout;
    numbers->setSpacing(kUnit);
    numbers->addWidget(m_width, 1);
    numbers->addWidget(new QLabel(QStringLiteral("×"), this));
    numbers->addWidget(m_height, 1);

    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(kUnit);
    column->addLayout(shapes);
    column->addLayout(numbers);

    connect(m_square, &QToolButton::clicked, this, [this] { choose(fitted(1, 1)); });
    connect(m_landscape, &QToolButton::clicked, this, [this] { choose(fitted(kLongSide, 1)); });
    connect(m_portrait, &QToolButton::clicked, this, [this] { choose(fitted(1, kLongSide)); });
    connect(m_swap, &QToolButton::clicked, this, [this] { choose(value().transposed()); });
    for (QSpinBox* box : {m_width, m_height}) {
        connect(box, &QSpinBox::valueChanged, this, [this, box](int side) {
            const int snapped = side - side % m_multiple;
            if (snapped != side) {
                box->setValue(std::max(snapped, box->minimum()));
                return;
            }
            showShape();
            Q_EMIT edited(value());
        });
    }
    setLimits({});
    setNative(m_native);
}

QToolButton* SizeField::addShape(const char* name, const QString& iconName) {
    auto* button = new QToolButton(this);
    button->setObjectName(name);
    button->setIcon(icon(iconName));
    button->setAutoRaise(true);
    button->setCheckable(true);
    button->setFocusPolicy(Qt::StrongFocus);
    return button;
}

void SizeField::setLimits(const protocol::Limits& limits) {
    m_multiple = std::max(1, limits.sideMultiple);
    for (QSpinBox* box : {m_width, m_height}) {
        const QSignalBlocker quiet(box);
        box->setRange(limits.minSide, limits.maxSide);
        box->setSingleStep(m_multiple);
    }
    showShape();
}

void SizeField::setNative(const QSize& pixels) {
    m_native = pixels;
    const auto name = [this](QToolButton* button, const QString& word, const QSize& size) {
        button->setToolTip(tr("%1, %2 × %3").arg(word).arg(size.width()).arg(size.height()));
        button->setAccessibleName(button->toolTip());
    };
    name(m_square, tr("Square"), fitted(1, 1));
    name(m_landscape, tr("Landscape"), fitted(kLongSide, 1));
    name(m_portrait, tr("Portrait"), fitted(1, kLongSide));
    showShape();
}

QSize SizeField::value() const {
    return {m_width->value(), m_height->value()};
}

void SizeField::setValue(const QSize& pixels) {
    const QSignalBlocker quietWidth(m_width), quietHeight(m_height);
    m_width->setValue(pixels.width());
    m_height->setValue(pixels.height());
    showShape();
}

QSize SizeField::fitted(double width, double height) const {
    const int shortSide = std::min(m_native.width(), m_native.height());
    const auto side = [&](double factor) {
        const int snapped = qRound(shortSide * factor / m_multiple) * m_multiple;
        return std::clamp(snapped, m_width->minimum(), m_width->maximum());
    };
    return {side(width), side(height)};
}

void SizeField::choose(const QSize& pixels) {
    const bool changed = pixels != value();
    setValue(pixels);
    if (changed) {
        Q_EMIT edited(value());
    }
}

void SizeField::showShape() {
    m_square->setChecked(value() == fitted(1, 1));
    m_landscape->setChecked(value() == fitted(kLongSide, 1));
    m_portrait->setChecked(value() == fitted(1, kLongSide));
}

}  // namespace easel::ui
